-- purpose: the queue, oldest first (store: ledger)
-- parameters: none
-- columns: sha256, call_id, path, size_bytes, fingerprint, state, kind, reason, attempts
select
    sha256,
    call_id,
    path,
    size_bytes,
    fingerprint,
    state,
    kind,
    reason,
    attempts
from contents
where state = 'pending'
order by
    attempts,
    created_at,
    path
