-- purpose: what calls are about and how these went
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any
-- columns: topic (null: none known), those of decided.sums

select
    topic,
    unnest(decided.sums(
        score_total, passed, fatal, violated, decoded_s,
        agent_estimated_spl_db, agent_speech_rate_cpm, silence_ratio, agent_interruptions_count
    ))
from decided.results
where
    ($from is null or started_at >= $from)
    and ($until is null or started_at < $until)
    and ($team is null or team = $team)
    and ($queue is null or queue = $queue)
    and ($agent is null or agent_id = $agent)
group by topic
order by
    count(*) desc,
    topic;
