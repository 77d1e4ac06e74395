-- purpose: append a correction (store: reviews)
-- parameters: the columns of fact_corrections
insert into fact_corrections
(call_id, number, kind, utterance_index, heard, text, role, withdraws, who, created_at)
values ($call_id, $number, $kind, $utterance_index, $heard, $text, $role, $withdraws, $who, $created_at)
