-- purpose: note bytes that were never seen before (store: ledger)
-- parameters: $sha256, $call_id, $path, $size_bytes, $fingerprint, $now (UTC)
insert into contents (sha256, call_id, path, size_bytes, fingerprint, state, created_at, updated_at)
values ($sha256, $call_id, $path, $size_bytes, $fingerprint, 'pending', $now, $now)
