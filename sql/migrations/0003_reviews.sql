-- purpose: what agents say to a result and what becomes of it. Append-only steps, one chain a call.
-- times are ISO 8601 in UTC.

create table appeal_steps (
    step_id integer primary key,
    call_id text not null,
    number integer not null check (number > 0),
    step text not null check (step in ('acknowledge', 'appeal', 'take', 'grant', 'grant_partly', 'refuse')),
    who text not null check (who <> ''),
    reason text not null,
    finding_keys text not null,          -- JSON list: what the appeal is about; empty: the call as a whole
    review_version integer not null check (review_version >= 0),   -- of the form appealed against; 0: the automatic score
    created_at text not null,
    unique (call_id, number),
    check (step in ('acknowledge', 'take') or reason <> '')
);

create trigger appeal_steps_keep before update on appeal_steps
begin
    select raise(abort, 'appeals are append-only');
end;

create trigger appeal_steps_stay before delete on appeal_steps
begin
    select raise(abort, 'appeals are append-only');
end;
