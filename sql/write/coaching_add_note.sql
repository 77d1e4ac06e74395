-- purpose: append a coaching note, or one that takes another back (store: reviews)
-- parameters: $agent_id, $call_id (null: none), $text, $shown (0/1), $withdraws (note_id, null: none), $who, $created_at (UTC)
insert into coaching_notes (
    agent_id,
    call_id,
    text,
    shown,
    withdraws,
    who,
    created_at
)
values (
    $agent_id,
    $call_id,
    $text,
    $shown,
    $withdraws,
    $who,
    $created_at
)
