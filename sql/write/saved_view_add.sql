-- purpose: append a version of a saved view (store: reviews)
-- parameters: $owner, $name, $version, $query (JSON), $shared, $removed (0/1), $created_at (UTC)
insert into saved_views (owner, name, version, query, shared, removed, created_at)
values ($owner, $name, $version, $query, $shared, $removed, $created_at)
