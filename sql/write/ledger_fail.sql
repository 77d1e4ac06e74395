-- purpose: note why bytes gave no call, and what becomes of them (store: ledger)
-- parameters: $sha256, $state (pending, failed or quarantined), $kind, $reason, $now (UTC)
update contents
set
    state = $state,
    kind = $kind,
    reason = $reason,
    updated_at = $now
where sha256 = $sha256
