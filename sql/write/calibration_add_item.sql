-- purpose: an item of a calibration form (store: reviews)
-- parameters: $form_id, $item_index, $item_id, $points (null: not applicable), $points_max, $reason
insert into calibration_items (form_id, item_index, item_id, points, points_max, reason)
values ($form_id, $item_index, $item_id, $points, $points_max, $reason)
