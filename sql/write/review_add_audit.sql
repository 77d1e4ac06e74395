-- purpose: append a line to the audit log (store: reviews)
-- parameters: $created_at (UTC), $who, $what, $call_id (may be null), $detail
insert into audit_log (created_at, who, what, call_id, detail)
values ($created_at, $who, $what, $call_id, $detail)
