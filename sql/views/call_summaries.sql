-- purpose: one row a call with the figures that lists and exports show; the definition of "violated" per call
-- columns: call_id, file_name, started_at, agent_id, agent_name, team, queue, direction, line, topic, duration_s,
--          declared_s, layout, damaged, role_confidence (0..1), score_total (0..100), fatal, passed, violated, review,
--          remedied (findings), agent_estimated_spl_db, agent_speech_rate_cpm (字/分), agent_talk_ratio, silence_ratio,
--          longest_silence_s, overlap_ratio, agent_interruptions_count, agent_reply_latency_median_s, rulebook_version
create view call_summaries as
with hits as (
    select
        call_id,
        count(*) filter (where status = 'violated') as violated,
        count(*) filter (where status = 'review') as review,
        count(*) filter (where status = 'remedied') as remedied
    from findings
    group by call_id
),

figures as (
    select
        call_id,
        any_value(value) filter (where name = 'agent_estimated_spl_db') as agent_estimated_spl_db,
        any_value(value) filter (where name = 'agent_speech_rate_cpm') as agent_speech_rate_cpm,
        any_value(value) filter (where name = 'agent_talk_ratio') as agent_talk_ratio,
        any_value(value) filter (where name = 'silence_ratio') as silence_ratio,
        any_value(value) filter (where name = 'longest_silence_s') as longest_silence_s,
        any_value(value) filter (where name = 'overlap_ratio') as overlap_ratio,
        any_value(value) filter (where name = 'agent_interruptions_count') as agent_interruptions_count,
        any_value(value) filter (where name = 'agent_reply_latency_median_s') as agent_reply_latency_median_s
    from call_measures
    group by call_id
)

select
    c.call_id,
    c.file_name,
    c.started_at,
    c.agent_id,
    c.agent_name,
    c.team,
    c.queue,
    c.direction,
    c.line,
    c.topic,
    c.decoded_s as duration_s,
    c.declared_s,
    c.layout,
    c.damaged,
    c.role_confidence,
    c.score_total,
    c.fatal,
    c.passed,
    coalesce(h.violated, 0) as violated,
    coalesce(h.review, 0) as review,
    coalesce(h.remedied, 0) as remedied,
    m.agent_estimated_spl_db,
    m.agent_speech_rate_cpm,
    m.agent_talk_ratio,
    m.silence_ratio,
    m.longest_silence_s,
    m.overlap_ratio,
    m.agent_interruptions_count,
    m.agent_reply_latency_median_s,
    c.rulebook_version
from calls as c
left join hits as h on h.call_id = c.call_id
left join figures as m on m.call_id = c.call_id
