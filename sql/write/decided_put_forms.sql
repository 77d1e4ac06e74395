-- purpose: take over score forms registered as new_forms, oldest first, the later one wins (store: in memory)
-- parameters: none
insert or replace into decided.review_results by name
select
    call_id,
    last(total order by review_id) as total,
    last(passed order by review_id) as passed,
    last(fatal order by review_id) as fatal
from new_forms
group by call_id
