-- purpose: keep what somebody has typed so far (store: reviews)
-- parameters: $call_id, $who, $body (JSON), $saved_at (UTC)
insert into drafts (call_id, who, body, saved_at)
values ($call_id, $who, $body, $saved_at)
on conflict (call_id, who) do update set body = excluded.body, saved_at = excluded.saved_at
