-- purpose: a call that somebody is to look at (store: reviews)
-- parameters: $draw_id, $number, $call_id, $stratum, $due_at, $created_at (UTC)
insert into tasks (draw_id, number, call_id, stratum, due_at, created_at)
values ($draw_id, $number, $call_id, $stratum, $due_at, $created_at)
