-- purpose: the lines of the score forms of one call or of all (store: reviews)
-- parameters: $call_id (null: all calls)
-- columns: review_id, item_id, points (null: not applicable), overridden (0/1), reason
select
    review_items.review_id,
    review_items.item_id,
    review_items.points,
    review_items.overridden,
    review_items.reason
from review_items
inner join reviews on reviews.review_id = review_items.review_id
where $call_id is null or reviews.call_id = $call_id
order by
    review_items.review_id,
    review_items.item_index
