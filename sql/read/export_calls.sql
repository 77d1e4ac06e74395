-- purpose: one row a call, for export
-- parameters: $from, $until instants, null: open (calls without a time are left out when either is given)
-- columns: those of the view call_summaries
select
    call_id,
    file_name,
    started_at,
    agent_id,
    agent_name,
    team,
    queue,
    direction,
    line,
    topic,
    duration_s,
    declared_s,
    layout,
    damaged,
    role_confidence,
    score_total,
    fatal,
    passed,
    violated,
    review,
    remedied,
    agent_estimated_spl_db,
    agent_speech_rate_cpm,
    agent_talk_ratio,
    silence_ratio,
    longest_silence_s,
    overlap_ratio,
    agent_interruptions_count,
    agent_reply_latency_median_s,
    rulebook_version
from call_summaries
where
    ($from is null or started_at >= $from)
    and ($until is null or started_at < $until)
order by
    started_at nulls last,
    call_id
