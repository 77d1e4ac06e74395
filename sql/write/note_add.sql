-- purpose: append a note, or take one back (store: reviews)
-- parameters: the columns of notes
insert into notes (call_id, number, at_s, text, withdraws, who, created_at)
values ($call_id, $number, $at_s, $text, $withdraws, $who, $created_at)
