-- purpose: somebody is on a call (store: reviews)
-- parameters: $call_id, $who, $seen_at (UTC)
insert into presence (call_id, who, seen_at)
values ($call_id, $who, $seen_at)
on conflict (call_id, who) do update set seen_at = excluded.seen_at
