-- purpose: what was heard of every call of the staged facts, one row each (store: snapshot)
-- parameters: none
-- columns: those of call_facts
insert into call_facts by name
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
    f.analyzed_at
from staged_facts as f
