-- purpose: what is known of these bytes (store: ledger)
-- parameters: $sha256
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
where sha256 = $sha256
order by sha256
