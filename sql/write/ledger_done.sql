-- purpose: note that a call is heard, judged and stored (store: ledger)
-- parameters: $sha256, $duration_s, $wall_s, $now (UTC)
update contents
set
    state = 'done',
    kind = null,
    reason = null,
    duration_s = $duration_s,
    wall_s = $wall_s,
    updated_at = $now
where sha256 = $sha256
