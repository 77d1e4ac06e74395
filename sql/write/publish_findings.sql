-- purpose: every finding with its stable key and the points it cost (store: snapshot)
-- parameters: none
-- columns: those of findings; finding_key as pipeline.model.Finding.key makes it
insert into findings by name
with listed as (
    select
        j.call_id,
        j.day,
        generate_subscripts(j.findings, 1) - 1 as finding_index,
        unnest(j.findings) as x
    from staged_judgements as j
),

keyed as (
    select
        call_id,
        day,
        finding_index,
        x,
        -- round half to even, as Python's round does
        x.rule_id || '@' || if(x.start_s is null, -1, cast(round_even(x.start_s * 1000, 0) as bigint)) as finding_key
    from listed
),

items as (
    select
        j.call_id,
        unnest(j.score.items) as i
    from staged_judgements as j
),

deductions as (
    select
        call_id,
        unnest(i.deductions) as d
    from items
),

costs as (
    select
        call_id,
        d.finding_key as finding_key,
        sum(d.points) as points
    from deductions
    group by
        call_id,
        d.finding_key
)

select
    k.call_id,
    k.day,
    k.finding_index,
    k.finding_key,
    k.x.rule_id as rule_id,
    k.x.family as family,
    k.x.severity as severity,
    k.x.status as status,
    k.x.role as role,
    k.x.utterance_index as utterance_index,
    k.x.start_s as start_s,
    k.x.end_s as end_s,
    k.x.evidence as evidence,
    k.x.matched_text as matched_text,
    k.x.confidence as confidence,
    k.x.value as value,
    k.x.limit as limit_value,
    k.x.unit as unit,
    k.x.note as note,
    k.x.points as points,
    k.x.points_cap as points_cap,
    coalesce(k.x.fatal, false) as fatal,
    coalesce(k.x.alert, false) as alert,
    coalesce(costs.points, 0) as points_deducted
from keyed as k
left join costs on costs.call_id = k.call_id and costs.finding_key = k.finding_key
