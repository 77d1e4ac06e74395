-- purpose: forget a draft that was handed in or given up (store: reviews)
-- parameters: $call_id, $who
delete from drafts
where call_id = $call_id and who = $who
