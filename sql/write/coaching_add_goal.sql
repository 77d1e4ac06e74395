-- purpose: append a goal of an agent (store: reviews)
-- parameters: $agent_id, $figure, $family (null: none), $at_least, $at_most (in the figure's unit, null: open),
--   $starts_on, $due_on (local days), $comment, $who, $created_at (UTC)
insert into goals (
    agent_id,
    figure,
    family,
    at_least,
    at_most,
    starts_on,
    due_on,
    comment,
    who,
    created_at
)
values (
    $agent_id,
    $figure,
    $family,
    $at_least,
    $at_most,
    $starts_on,
    $due_on,
    $comment,
    $who,
    $created_at
)
