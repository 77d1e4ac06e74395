-- purpose: what people think of each rule's hits: the latest verdict on each, by rule (store: reviews)
-- parameters: none
-- columns: rule_id, confirmed, rejected (hits), first_at, last_at (UTC)
with latest as (
    select
        call_id,
        finding_key,
        max(version) as version
    from verdicts
    group by call_id, finding_key
)

select
    substr(v.finding_key, 1, instr(v.finding_key, '@') - 1) as rule_id,
    sum(v.verdict = 'confirm') as confirmed,
    sum(v.verdict = 'reject') as rejected,
    min(v.created_at) as first_at,
    max(v.created_at) as last_at
from verdicts as v
inner join latest as l on l.call_id = v.call_id and l.finding_key = v.finding_key and l.version = v.version
where v.verdict <> 'withdraw'
group by 1
order by 1
