-- purpose: the trend by local day or week; calls that nobody dated are left out
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any; $step day or week (Monday first); $zone time zone name
-- columns: day (date, the first of the step), those of decided.sums

select
    cast(date_trunc($step, timezone($zone, started_at)) as date) as day,
    unnest(decided.sums(
        score_total, passed, fatal, violated, decoded_s,
        agent_estimated_spl_db, agent_speech_rate_cpm, silence_ratio, agent_interruptions_count
    ))
from decided.results
where
    started_at is not null
    and ($from is null or started_at >= $from)
    and ($until is null or started_at < $until)
    and ($team is null or team = $team)
    and ($queue is null or queue = $queue)
    and ($agent is null or agent_id = $agent)
group by day
order by day;
