-- purpose: what people decide. Append-only: a change is a new version, nothing is updated or deleted.
-- times are ISO 8601 in UTC.

create table verdicts (
    verdict_id integer primary key,
    call_id text not null,
    finding_key text not null,           -- pipeline.model.Finding.key, stable over rechecks
    version integer not null check (version > 0),
    verdict text not null check (verdict in ('confirm', 'reject', 'withdraw')),
    comment text not null,
    reviewer text not null check (reviewer <> ''),
    created_at text not null,
    unique (call_id, finding_key, version)
);

create table reviews (
    review_id integer primary key,
    call_id text not null,
    version integer not null check (version > 0),
    reviewer text not null check (reviewer <> ''),
    comment text not null,
    total real check (total between 0 and 100),
    fatal integer not null check (fatal in (0, 1)),
    snapshot_id integer,                 -- the snapshot the reviewer looked at
    rulebook_version text not null,
    scorecard_id text not null,
    scorecard_version text not null,
    created_at text not null,
    unique (call_id, version)
);

create table review_items (
    review_id integer not null references reviews (review_id),
    item_index integer not null,
    item_id text not null,
    points real,                         -- null: not applicable
    not_applicable integer not null check (not_applicable in (0, 1)),
    overridden integer not null check (overridden in (0, 1)),
    reason text not null,                -- why the reviewer differs from the automatic item
    primary key (review_id, item_index),
    check (overridden = 0 or reason <> ''),
    check ((points is null) = (not_applicable = 1))
);

create table audit_log (
    audit_id integer primary key,
    created_at text not null,
    who text not null check (who <> ''),
    what text not null check (what <> ''),
    call_id text,
    detail text not null
);

create index audit_log_call on audit_log (call_id);

create trigger verdicts_keep before update on verdicts
begin
    select raise(abort, 'verdicts are append-only');
end;

create trigger verdicts_stay before delete on verdicts
begin
    select raise(abort, 'verdicts are append-only');
end;

create trigger reviews_keep before update on reviews
begin
    select raise(abort, 'reviews are append-only');
end;

create trigger reviews_stay before delete on reviews
begin
    select raise(abort, 'reviews are append-only');
end;

create trigger review_items_keep before update on review_items
begin
    select raise(abort, 'review items are append-only');
end;

create trigger review_items_stay before delete on review_items
begin
    select raise(abort, 'review items are append-only');
end;

create trigger audit_log_keep before update on audit_log
begin
    select raise(abort, 'the audit log is append-only');
end;

create trigger audit_log_stay before delete on audit_log
begin
    select raise(abort, 'the audit log is append-only');
end;
