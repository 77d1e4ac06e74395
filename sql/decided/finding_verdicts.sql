-- purpose: the latest verdict of every finding that somebody decided about; withdrawn ones stay and count nowhere
-- columns: call_id, finding_key, verdict (confirm, reject, withdraw)
create table decided.finding_verdicts (
    call_id varchar not null,
    finding_key varchar not null,
    verdict varchar not null check (verdict in ('confirm', 'reject', 'withdraw')),
    primary key (call_id, finding_key)
)
