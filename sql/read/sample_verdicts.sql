-- purpose: the verdicts that hold on findings of the reviewed calls of a plan (store: reviews)
-- parameters: $plan_id
-- columns: call_id, finding_key, verdict (confirm or reject)
select
    v.call_id,
    v.finding_key,
    v.verdict
from verdicts as v
where
    v.verdict <> 'withdraw'
    and v.version = (
        select max(l.version) from verdicts as l where l.call_id = v.call_id and l.finding_key = v.finding_key
    )
    and v.call_id in (select t.call_id from task_states as t where t.plan_id = $plan_id and t.step = 'complete')
order by
    v.call_id,
    v.finding_key
