-- purpose: when calls come in, by local weekday and hour
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any; $zone time zone name
-- columns: weekday (1 Monday .. 7), hour (0..23), calls, scored, points (sum of 0..100), judged, passed, red_lines (calls)

with local as (
    select
        timezone($zone, started_at) as local_at,
        score_total,
        passed,
        fatal
    from decided.results
    where
        started_at is not null
        and ($from is null or started_at >= $from)
        and ($until is null or started_at < $until)
        and ($team is null or team = $team)
        and ($queue is null or queue = $queue)
        and ($agent is null or agent_id = $agent)
)

select
    isodow(local_at) as weekday,
    hour(local_at) as hour,
    count(*) as calls,
    count(score_total) as scored,
    coalesce(sum(score_total), 0) as points,
    count(passed) as judged,
    count(*) filter (where passed) as passed,
    count(*) filter (where fatal) as red_lines
from local
group by
    weekday,
    hour
order by
    weekday,
    hour;
