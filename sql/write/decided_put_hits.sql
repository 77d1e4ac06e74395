-- purpose: count the findings of the calls in new_verdicts again, as verdicts leave them (store: in memory)
-- parameters: none
insert or replace into decided.call_hits by name
with touched as (
    select distinct call_id
    from new_verdicts
),

decided_findings as (
    select
        f.call_id,
        f.family,
        f.severity,
        if(v.verdict = 'confirm' and f.status = 'review', 'violated', f.status) as status
    from published.findings as f
    semi join touched as t on t.call_id = f.call_id
    left join decided.finding_verdicts as v on v.call_id = f.call_id and v.finding_key = f.finding_key
    where
        f.status <> 'dropped'
        and v.verdict is distinct from 'reject'
),

counted as (
    select
        call_id,
        family,
        severity,
        status,
        cast(count(*) as integer) as findings
    from decided_findings
    group by
        call_id,
        family,
        severity,
        status
),

gathered as (
    select
        call_id,
        list(
            struct_pack(family := family, severity := severity, status := status, findings := findings)
            order by family, severity, status
        ) as hits,
        sum(findings) filter (where status = 'violated') as violated,
        sum(findings) filter (where status = 'review') as review,
        sum(findings) filter (where status = 'remedied') as remedied
    from counted
    group by call_id
)

select
    t.call_id,
    coalesce(g.hits, []) as hits,
    coalesce(g.violated, 0) as violated,
    coalesce(g.review, 0) as review,
    coalesce(g.remedied, 0) as remedied
from touched as t
left join gathered as g on g.call_id = t.call_id
