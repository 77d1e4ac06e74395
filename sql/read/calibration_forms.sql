-- purpose: the form that holds of each person and call of a round (store: reviews)
-- parameters: $round_id, $reviewer (null: of all)
-- columns: form_id, round_id, call_id, reviewer, version, comment, total, fatal (0 or 1), scorecard_id,
--   scorecard_version, created_at (UTC)
select
    f.form_id,
    f.round_id,
    f.call_id,
    f.reviewer,
    f.version,
    f.comment,
    f.total,
    f.fatal,
    f.scorecard_id,
    f.scorecard_version,
    f.created_at
from calibration_forms as f
where
    f.round_id = $round_id
    and ($reviewer is null or f.reviewer = $reviewer)
    and f.version = (
        select max(l.version)
        from calibration_forms as l
        where l.round_id = f.round_id and l.call_id = f.call_id and l.reviewer = f.reviewer
    )
order by
    f.call_id,
    f.reviewer
