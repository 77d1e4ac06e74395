-- purpose: the transcript of one call with the measures of each utterance
-- parameters: $call_id; $day (facts_day of call)
-- columns: utterance_index, role, speaker, channel, start_s, end_s, text, confidence (0..1), corrections (what was
--   recognised in place of what is written), estimated_spl_db, speech_rate_cpm (字/分), spl_reason, rate_reason (why not measurable)

select
    utterance_index,
    role,
    speaker,
    channel,
    start_s,
    end_s,
    text,
    confidence,
    corrections,
    estimated_spl_db,
    speech_rate_cpm,
    list_filter(measures, lambda m: m.name = 'estimated_spl_db')[1].reason as spl_reason,
    list_filter(measures, lambda m: m.name = 'speech_rate_cpm')[1].reason as rate_reason
from utterances
where
    day = $day
    and call_id = $call_id
order by utterance_index;
