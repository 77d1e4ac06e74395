-- purpose: the sections of every score, in the order of the card (store: snapshot)
-- parameters: none
-- columns: those of score_sections; points null: nothing applied
insert into score_sections by name
with listed as (
    select
        j.call_id,
        j.day,
        generate_subscripts(j.score.sections, 1) - 1 as section_index,
        unnest(j.score.sections) as s
    from staged_judgements as j
)

select
    call_id,
    day,
    section_index,
    s.section_id as section_id,
    s.name_zh as name_zh,
    s.name_en as name_en,
    s.points_max as points_max,
    s.points as points
from listed
