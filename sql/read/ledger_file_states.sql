-- purpose: what became of every file (store: ledger)
-- parameters: none
-- columns: path, sha256, call_id, state, reason, attempts, updated_at (UTC)
select
    path,
    sha256,
    call_id,
    state,
    reason,
    attempts,
    updated_at
from file_states
order by path
