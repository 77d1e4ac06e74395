-- purpose: put bytes back in the queue with a clean slate (store: ledger)
-- parameters: $sha256, $fingerprint, $now (UTC)
update contents
set
    state = 'pending',
    fingerprint = $fingerprint,
    kind = null,
    reason = null,
    attempts = 0,
    updated_at = $now
where sha256 = $sha256
