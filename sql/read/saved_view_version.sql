-- purpose: the latest version of one saved view (store: reviews)
-- parameters: $owner, $name
-- columns: version (null: no such view yet)
select max(version) as version
from saved_views
where owner = $owner and name = $name
order by version
