-- purpose: silences, overlaps, interruptions and the like, numbered within their call (store: snapshot)
-- parameters: none
-- columns: those of events; seconds from the start of the file
insert into events by name
with listed as (
    select
        f.call_id,
        f.day,
        generate_subscripts(f.events, 1) - 1 as event_index,
        unnest(f.events) as e
    from staged_facts as f
)

select
    call_id,
    day,
    event_index,
    e.kind as kind,
    e.role as role,
    e.utterance_index as utterance_index,
    e.start_s as start_s,
    e.end_s as end_s,
    e.value as value
from listed
