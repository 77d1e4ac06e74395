-- purpose: what was done to which recording. contents: the unit of work, by the bytes; files: where the bytes lie.
-- times are ISO 8601 in UTC; lengths in seconds.

create table contents (
    sha256 text primary key,
    call_id text not null unique,
    path text not null,                  -- the file that stands for these bytes
    size_bytes integer not null,
    fingerprint text not null,           -- of models, options and code that the state is about
    state text not null check (state in ('pending', 'leased', 'done', 'failed', 'quarantined')),
    kind text check (kind in ('audio', 'metadata', 'engine', 'timeout', 'crash')),
    reason text,
    attempts integer not null default 0 check (attempts >= 0),
    duration_s real,
    wall_s real,
    created_at text not null,
    updated_at text not null,
    check (state not in ('failed', 'quarantined') or reason is not null)
);

create index contents_state on contents (state);

create table files (
    path text primary key,
    sha256 text references contents (sha256),  -- null: could not be read
    size_bytes integer,
    mtime_ns integer,
    ctime_ns integer,
    reason text,
    updated_at text not null,
    check (sha256 is not null or reason is not null)
);

create index files_sha256 on files (sha256);

create table runs (
    run_id integer primary key,
    started_at text not null,
    finished_at text,
    outcome text check (outcome in ('complete', 'stopped', 'aborted')),
    fingerprint text not null,
    rulebook_version text,
    snapshot_id integer,
    found integer not null default 0,
    done integer not null default 0,
    failed integer not null default 0,
    audio_s real not null default 0,
    wall_s real not null default 0
);

-- the one definition of a file's state
create view file_states as
select
    f.path,
    f.sha256,
    c.call_id,
    case
        when c.sha256 is null then 'failed'
        when c.path <> f.path then 'duplicate'
        else c.state
    end as state,
    case
        when c.sha256 is null then f.reason
        when c.path <> f.path then 'same bytes as ' || c.path
        else c.reason
    end as reason,
    coalesce(c.attempts, 0) as attempts,
    max(f.updated_at, coalesce(c.updated_at, f.updated_at)) as updated_at
from files as f
left join contents as c on c.sha256 = f.sha256;
