-- purpose: the newest version of every saved view that somebody may use, own ones first (store: reviews)
-- parameters: $who
-- columns: owner, name, version, query (JSON), shared (0/1), removed (0/1), created_at (UTC)
select
    owner,
    name,
    version,
    query,
    shared,
    removed,
    created_at
from saved_views as v
where
    (owner = $who or shared = 1)
    and version = (
        select max(version)
        from saved_views as w
        where w.owner = v.owner and w.name = v.name
    )
order by
    owner <> $who,
    name,
    owner
