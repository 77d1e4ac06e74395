-- purpose: the score of every call of the staged judgements, one row each (store: snapshot)
-- parameters: none
-- columns: those of call_judgements
insert into call_judgements by name
with listed as (
    select
        call_id,
        unnest(findings) as x
    from staged_judgements
),

counted as (
    select
        call_id,
        x.family as family,
        x.severity as severity,
        x.status as status,
        cast(count(*) as integer) as findings
    from listed
    where x.status <> 'dropped'
    group by all
),

gathered as (
    select
        call_id,
        list(
            struct_pack(family := family, severity := severity, status := status, findings := findings)
            order by family, severity, status
        ) as hits
    from counted
    group by call_id
)

select
    j.call_id,
    j.day,
    j.rulebook_version,
    j.score.scorecard_id as scorecard_id,
    j.score.scorecard_version as scorecard_version,
    j.score.total as score_total,
    j.score.fatal as fatal,
    j.score.passed as passed,
    list_reduce(
        j.topics,
        lambda best, next: if(next.confidence > best.confidence, next, best),
        {'topic': null, 'confidence': -1.0, 'evidence': []}
    ).topic as topic,
    j.judged_at,
    coalesce(g.hits, []) as hits,
    j.content
from staged_judgements as j
left join gathered as g on g.call_id = j.call_id
