-- purpose: the scorecard of one call, line by line
-- parameters: $call_id; $day (judged_day of call)
-- columns: section_id, section_zh, section_en, section_points_max, section_points, item_id, name_zh, name_en,
--   points_max, points (null: not applicable), status, fatal, reason (why not applicable), deductions (structs finding_key, points)

select
    s.section_id,
    s.name_zh as section_zh,
    s.name_en as section_en,
    s.points_max as section_points_max,
    s.points as section_points,
    i.item_id,
    i.name_zh,
    i.name_en,
    i.points_max,
    i.points,
    i.status,
    i.fatal,
    i.reason,
    i.deductions
from score_items as i
inner join score_sections as s
    on s.call_id = i.call_id and s.section_id = i.section_id
where
    i.day = $day
    and i.call_id = $call_id
    and s.day = $day
    and s.call_id = $call_id
order by
    s.section_index,
    i.item_index;
