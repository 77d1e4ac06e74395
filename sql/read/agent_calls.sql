-- purpose: the best or the worst calls of an agent by final score; of equal ones the newer first
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any; $direction best or worst; $limit rows; $zone time zone name
-- columns: call_id, started_at (local), topic, duration_s, score_total (points), fatal, violated (findings), reviewed

select
    call_id,
    timezone($zone, started_at) as started_at,
    topic,
    decoded_s as duration_s,
    score_total,
    fatal,
    violated,
    reviewed
from decided.results
where
    score_total is not null
    and ($from is null or started_at >= $from)
    and ($until is null or started_at < $until)
    and ($team is null or team = $team)
    and ($queue is null or queue = $queue)
    and ($agent is null or agent_id = $agent)
order by
    if($direction = 'best', -score_total, score_total),
    started_at desc nulls last,
    call_id
limit $limit;
