-- purpose: take pending bytes into work; the attempt is counted before the work (store: ledger)
-- parameters: $sha256, $now (UTC)
update contents
set
    state = 'leased',
    attempts = attempts + 1,
    updated_at = $now
where sha256 = $sha256 and state = 'pending'
