-- purpose: the items of calibration forms (store: reviews)
-- parameters: $round_id, $reviewer (null: of all)
-- columns: form_id, item_id, points (null: not applicable), points_max, reason
select
    i.form_id,
    i.item_id,
    i.points,
    i.points_max,
    i.reason
from calibration_items as i
inner join calibration_forms as f on f.form_id = i.form_id
where
    f.round_id = $round_id
    and ($reviewer is null or f.reviewer = $reviewer)
order by
    i.form_id,
    i.item_index
