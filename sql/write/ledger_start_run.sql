-- purpose: note that a run begins (store: ledger)
-- parameters: $fingerprint, $now (UTC)
insert into runs (started_at, fingerprint)
values ($now, $fingerprint)
