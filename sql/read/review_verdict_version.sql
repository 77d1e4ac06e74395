-- purpose: the latest version of the verdict on one finding (store: reviews)
-- parameters: $call_id, $finding_key
-- columns: version (null: no verdict yet)
select max(version) as version
from verdicts
where call_id = $call_id and finding_key = $finding_key
order by version
