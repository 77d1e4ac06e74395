-- purpose: every measure of every call, one row each (store: snapshot)
-- parameters: none
-- columns: those of call_measures; the unit is the suffix of name
insert into call_measures by name
with listed as (
    select
        f.call_id,
        f.day,
        unnest(f.measures.items) as m
    from staged_facts as f
)

select
    call_id,
    day,
    m.name as name,
    m.value as value,
    if(m.value is null, coalesce(m.reason, 'not_measured'), null) as reason
from listed
