-- purpose: the sums behind every agent's figures
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any
-- columns: agent_id, agent_name (the latest), team (the latest), those of decided.sums

select
    agent_id,
    arg_max(agent_name, coalesce(started_at, timestamptz '1970-01-01 00:00:00+00')) as agent_name,
    arg_max(team, coalesce(started_at, timestamptz '1970-01-01 00:00:00+00')) as team,
    unnest(decided.sums(
        score_total, passed, fatal, violated, decoded_s,
        agent_estimated_spl_db, agent_speech_rate_cpm, silence_ratio, agent_interruptions_count
    ))
from decided.results
where
    agent_id is not null
    and ($from is null or started_at >= $from)
    and ($until is null or started_at < $until)
    and ($team is null or team = $team)
    and ($queue is null or queue = $queue)
    and ($agent is null or agent_id = $agent)
group by agent_id
order by agent_id;
