-- purpose: append one line of a score form (store: reviews)
-- parameters: $review_id, $item_index, $item_id, $points (null: not applicable), $not_applicable (0/1),
--             $overridden (0/1), $reason
insert into review_items (review_id, item_index, item_id, points, not_applicable, overridden, reason)
values ($review_id, $item_index, $item_id, $points, $not_applicable, $overridden, $reason)
