-- purpose: what calls are about and how these went
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any
-- columns: topic (null: none known), calls, scored (with points), points (sum of 0..100), points_squared (their squares' sum), judged (calls that
--   passed or failed), passed, red_lines (calls), violating (calls with a violation), violations (findings), hours (h),
--   spl_calls, spl_sum (dB), rate_calls, rate_sum (字/分), silence_calls, silence_sum (ratio), interruption_calls,
--   interruption_sum (times): calls that could be measured, and the sum over them

select
    topic,
    count(*) as calls,
    count(score_total) as scored,
    coalesce(sum(score_total), 0) as points,
    coalesce(sum(score_total * score_total), 0) as points_squared,
    count(passed) as judged,
    count(*) filter (where passed) as passed,
    count(*) filter (where fatal) as red_lines,
    count(*) filter (where violated > 0) as violating,
    coalesce(sum(violated), 0) as violations,
    coalesce(sum(decoded_s), 0) / 3600 as hours,
    count(agent_estimated_spl_db) as spl_calls,
    coalesce(sum(agent_estimated_spl_db), 0) as spl_sum,
    count(agent_speech_rate_cpm) as rate_calls,
    coalesce(sum(agent_speech_rate_cpm), 0) as rate_sum,
    count(silence_ratio) as silence_calls,
    coalesce(sum(silence_ratio), 0) as silence_sum,
    count(agent_interruptions_count) as interruption_calls,
    coalesce(sum(agent_interruptions_count), 0) as interruption_sum
from decided.results
where
    ($from is null or started_at >= $from)
    and ($until is null or started_at < $until)
    and ($team is null or team = $team)
    and ($queue is null or queue = $queue)
    and ($agent is null or agent_id = $agent)
group by topic
order by
    calls desc,
    topic;
