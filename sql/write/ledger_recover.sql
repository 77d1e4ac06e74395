-- purpose: what a killed batch left leased goes back to the queue, or into quarantine when tried too often (store: ledger)
-- parameters: $max_attempts, $now (UTC)
update contents
set
    state = iif(attempts < $max_attempts, 'pending', 'quarantined'),
    kind = 'crash',
    reason = 'the batch was killed while it analysed this call',
    updated_at = $now
where state = 'leased'
