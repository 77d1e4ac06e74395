-- purpose: what was heard of every call of the staged facts, one row each (store: snapshot)
-- parameters: none
-- columns: those of call_facts
insert into call_facts by name
with measured as (
    select
        *,
        map_from_entries(list_transform(measures.items, lambda m: (m.name, m.value))) as value_of
    from staged_facts
)

select
    f.call_id,
    f.day,
    f.recording.sha256 as sha256,
    f.recording.path as path,
    f.recording.metadata.started_at as started_at,
    f.recording.metadata.agent_id as agent_id,
    f.recording.metadata.agent_name as agent_name,
    f.recording.metadata.team as team,
    f.recording.metadata.queue as queue,
    f.recording.metadata.direction as direction,
    f.recording.metadata.caller_hash as caller_hash,
    f.recording.metadata.previous_calls as previous_calls,
    f.recording.metadata.line as line,
    f.recording.metadata.topic as topic,
    f.recording.metadata.agent_channel as agent_channel,
    f.audio.codec as codec,
    f.audio.sample_rate_hz as sample_rate_hz,
    f.audio.channels as channels,
    f.audio.layout as layout,
    f.audio.declared_s as declared_s,
    f.audio.decoded_s as decoded_s,
    f.audio.damaged as damaged,
    coalesce(f.audio.warnings, []) as warnings,
    f.role_confidence,
    f.engine.fingerprint as fingerprint,
    f.analyzed_at,
    f.value_of['agent_estimated_spl_db'] as agent_estimated_spl_db,
    f.value_of['agent_speech_rate_cpm'] as agent_speech_rate_cpm,
    f.value_of['agent_talk_ratio'] as agent_talk_ratio,
    f.value_of['silence_ratio'] as silence_ratio,
    f.value_of['longest_silence_s'] as longest_silence_s,
    f.value_of['overlap_ratio'] as overlap_ratio,
    f.value_of['agent_interruptions_count'] as agent_interruptions_count,
    f.value_of['agent_reply_latency_median_s'] as agent_reply_latency_median_s,
    list_transform(
        list_filter(f.measures.items, lambda m: m.value is null),
        lambda m: struct_pack(name := m.name, reason := coalesce(m.reason, 'not_measured'))
    ) as unmeasured
from measured as f
