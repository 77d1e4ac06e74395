-- purpose: score forms saved after a known one, oldest first (store: reviews)
-- parameters: $after (review_id; 0: all)
-- columns: review_id, call_id, total (points), passed (0/1, null), fatal (0/1)
select
    review_id,
    call_id,
    total,
    passed,
    fatal
from reviews
where review_id > $after
order by review_id
