-- purpose: one row an utterance, for export
-- parameters: $from, $until instants, null: open (calls without a time are left out when either is given)
-- columns: call_id, file_name, started_at, agent_id, utterance_index, role, speaker, start_s, end_s, text,
--          confidence (0..1), active_level_dbfs, estimated_spl_db, speech_rate_cpm, gross_rate_cpm (字/分),
--          pitch_median_hz, voiced_s
select
    u.call_id,
    c.file_name,
    c.started_at,
    c.agent_id,
    u.utterance_index,
    u.role,
    u.speaker,
    u.start_s,
    u.end_s,
    u.text,
    u.confidence,
    u.active_level_dbfs,
    u.estimated_spl_db,
    u.speech_rate_cpm,
    u.gross_rate_cpm,
    u.pitch_median_hz,
    u.voiced_s
from utterances as u
inner join calls as c on c.call_id = u.call_id
where
    ($from is null or c.started_at >= $from)
    and ($until is null or c.started_at < $until)
order by
    c.started_at nulls last,
    u.call_id,
    u.utterance_index
