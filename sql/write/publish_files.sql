-- purpose: what became of every file, from a batch of ledger rows registered as ledger_files (store: snapshot)
-- parameters: none
-- columns: those of files
insert into files by name
select
    path,
    sha256,
    call_id,
    state,
    reason,
    attempts,
    updated_at
from ledger_files
