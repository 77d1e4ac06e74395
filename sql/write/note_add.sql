-- purpose: append a note, or take one back (store: reviews)
-- parameters: $call_id, $number, $at_s, $text, $withdraws, $who, $created_at (UTC)
insert into notes (call_id, number, at_s, text, withdraws, who, created_at)
values ($call_id, $number, $at_s, $text, $withdraws, $who, $created_at)
