-- purpose: the items of every score with what each deduction is for (store: snapshot)
-- parameters: none
-- columns: those of score_items; points null: not applicable
insert into score_items by name
with listed as (
    select
        j.call_id,
        j.day,
        generate_subscripts(j.score.items, 1) - 1 as item_index,
        unnest(j.score.items) as i
    from staged_judgements as j
)

select
    call_id,
    day,
    item_index,
    i.section_id as section_id,
    i.item_id as item_id,
    i.name_zh as name_zh,
    i.name_en as name_en,
    i.points_max as points_max,
    i.points as points,
    i.status as status,
    i.fatal as fatal,
    i.reason as reason,
    coalesce(i.deductions, []) as deductions
from listed
