-- purpose: append a correction (store: reviews)
-- parameters: $call_id, $number, $kind, $utterance_index, $heard, $text, $role, $withdraws, $who, $created_at (UTC)
insert into fact_corrections
(call_id, number, kind, utterance_index, heard, text, role, withdraws, who, created_at)
values ($call_id, $number, $kind, $utterance_index, $heard, $text, $role, $withdraws, $who, $created_at)
