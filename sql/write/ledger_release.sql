-- purpose: give back bytes that were not worked on to the end through no fault of theirs (store: ledger)
-- parameters: $sha256, $now (UTC)
update contents
set
    state = 'pending',
    attempts = max(attempts - 1, 0),
    updated_at = $now
where sha256 = $sha256 and state = 'leased'
