-- purpose: the latest version of one call's score form (store: reviews)
-- parameters: $call_id
-- columns: version (null: no form yet)
select max(version) as version
from reviews
where call_id = $call_id
order by version
