-- purpose: these calls count in no average (store: in memory)
-- parameters: $call_ids (list)
insert into decided.left_out (call_id)
select distinct unnest(cast($call_ids as varchar[])) as call_id
