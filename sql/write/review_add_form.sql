-- purpose: append a version of a call's score form (store: reviews)
-- parameters: $call_id, $version, $reviewer, $comment, $total (points), $fatal (0/1), $passed (0/1 or null),
--             $snapshot_id, $rulebook_version, $scorecard_id, $scorecard_version, $created_at (UTC)
insert into reviews (
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
)
values (
    $call_id,
    $version,
    $reviewer,
    $comment,
    $total,
    $fatal,
    $passed,
    $snapshot_id,
    $rulebook_version,
    $scorecard_id,
    $scorecard_version,
    $created_at
)
