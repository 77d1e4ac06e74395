-- purpose: append a step to a playlist (store: reviews)
-- parameters: $playlist_id, $number, $step, $title, $audience, $moment, $call_id, $start_s, $end_s, $good, $note,
--   $place, $who, $created_at (UTC)
insert into playlist_steps (
    playlist_id,
    number,
    step,
    title,
    audience,
    moment,
    call_id,
    start_s,
    end_s,
    good,
    note,
    place,
    who,
    created_at
)
values (
    $playlist_id,
    $number,
    $step,
    $title,
    $audience,
    $moment,
    $call_id,
    $start_s,
    $end_s,
    $good,
    $note,
    $place,
    $who,
    $created_at
)
