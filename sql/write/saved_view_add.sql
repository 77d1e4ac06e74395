-- purpose: append a version of a saved view (store: reviews)
-- parameters: the columns of saved_views
insert into saved_views (owner, name, version, query, shared, removed, created_at)
values ($owner, $name, $version, $query, $shared, $removed, $created_at)
