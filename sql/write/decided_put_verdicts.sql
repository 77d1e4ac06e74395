-- purpose: take over verdicts registered as new_verdicts, the later one wins (store: in memory)
-- parameters: none
insert or replace into decided.finding_verdicts by name
select
    call_id,
    finding_key,
    last(verdict order by verdict_id) as verdict
from new_verdicts
group by
    call_id,
    finding_key
