-- purpose: version and time of calls whose judgement says the same as before (store: snapshot)
-- parameters: none
update calls
set
    rulebook_version = j.rulebook_version,
    judged_at = j.judged_at
from (
    select
        call_id,
        rulebook_version,
        judged_at
    from call_judgements
) as j
where
    j.call_id = calls.call_id
    and (j.rulebook_version <> calls.rulebook_version or j.judged_at <> calls.judged_at)
