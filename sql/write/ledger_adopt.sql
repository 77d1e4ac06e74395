-- purpose: note a call that is stored already, for a ledger that was lost (store: ledger)
-- parameters: $sha256, $call_id, $path, $size_bytes, $fingerprint, $now (UTC)
insert into contents (sha256, call_id, path, size_bytes, fingerprint, state, created_at, updated_at)
values ($sha256, $call_id, $path, $size_bytes, $fingerprint, 'done', $now, $now)
on conflict do nothing
