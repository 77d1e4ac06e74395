-- purpose: calibration rounds, newest first (store: reviews)
-- parameters: $round_id (null: all)
-- columns: round_id, title, blind (0 or 1), due_at, who, created_at, closed_at, closed_by, note (null while it is open)
select
    r.round_id,
    r.title,
    r.blind,
    r.due_at,
    r.who,
    r.created_at,
    c.created_at as closed_at,
    c.who as closed_by,
    c.note
from calibration_rounds as r
left join calibration_closings as c on c.round_id = r.round_id
where $round_id is null or r.round_id = $round_id
order by r.round_id desc
