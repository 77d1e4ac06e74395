-- purpose: forget who was on calls before (store: reviews)
-- parameters: $before (UTC)
delete from presence
where seen_at < $before
