-- purpose: every utterance with its words and measures (store: snapshot)
-- parameters: none
-- columns: those of utterances; seconds from the start of the file
insert into utterances by name
with listed as (
    select
        f.call_id,
        f.day,
        unnest(f.utterances) as u
    from staged_facts as f
),

measured as (
    select
        call_id,
        day,
        u,
        map_from_entries(list_transform(u.measures.items, lambda m: (m.name, m.value))) as value_of
    from listed
)

select
    call_id,
    day,
    u.index as utterance_index,
    u.role as role,
    u.speaker as speaker,
    u.channel as channel,
    u.start_s as start_s,
    u.end_s as end_s,
    u.text as text,
    u.raw_text as raw_text,
    u.confidence as confidence,
    value_of['active_level_dbfs'] as active_level_dbfs,
    value_of['estimated_spl_db'] as estimated_spl_db,
    value_of['speech_rate_cpm'] as speech_rate_cpm,
    value_of['gross_rate_cpm'] as gross_rate_cpm,
    value_of['pitch_median_hz'] as pitch_median_hz,
    value_of['voiced_s'] as voiced_s,
    u.measures.items as measures,
    u.words as words,
    u.sounds as sounds,
    coalesce(u.corrections, []) as corrections
from measured
