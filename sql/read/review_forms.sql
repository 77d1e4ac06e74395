-- purpose: every version of the score forms of one call or of all, oldest first (store: reviews)
-- parameters: $call_id (null: all calls)
-- columns: review_id, call_id, version, reviewer, comment, total (points 0..100), fatal (0/1), passed (0/1, null), snapshot_id,
--          rulebook_version, scorecard_id, scorecard_version, created_at (UTC)
select
    review_id,
    call_id,
    version,
    reviewer,
    comment,
    total,
    fatal,
    passed,
    snapshot_id,
    rulebook_version,
    scorecard_id,
    scorecard_version,
    created_at
from reviews
where $call_id is null or call_id = $call_id
order by review_id
