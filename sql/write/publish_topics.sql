-- purpose: what every call is about (store: snapshot)
-- parameters: none
-- columns: those of topics; confidence 0..1
insert into topics by name
with listed as (
    select
        j.call_id,
        j.day,
        unnest(j.topics) as t
    from staged_judgements as j
)

select
    call_id,
    day,
    t.topic as topic,
    t.confidence as confidence,
    coalesce(t.evidence, []) as evidence
from listed
