-- purpose: what reviewers do beside verdicts and forms: drafts and who is on a call (these change), and, append-only,
-- corrections of what was heard, notes pinned to a second, training playlists, saved views of the call list.
-- times are ISO 8601 in UTC; seconds from the start of the recording.

create table drafts (
    call_id text not null,
    who text not null check (who <> ''),
    body text not null,                  -- JSON, see pipeline.store.drafts.Draft
    saved_at text not null,
    primary key (call_id, who)
);

create table presence (
    call_id text not null,
    who text not null check (who <> ''),
    seen_at text not null,
    primary key (call_id, who)
);

create table fact_corrections (
    correction_id integer primary key,
    call_id text not null,
    number integer not null check (number > 0),
    kind text not null check (kind in ('text', 'role', 'swap', 'roles_right', 'withdraw')),
    utterance_index integer,
    heard text not null,                 -- text of the utterance as it was recognised: where it is another, nothing is done
    text text not null,                  -- kind text: what was said
    role text check (role in ('agent', 'patient', 'unknown')),
    withdraws integer,                   -- kind withdraw: number of the correction that no longer holds
    who text not null check (who <> ''),
    created_at text not null,
    unique (call_id, number),
    check (kind not in ('text', 'role') or utterance_index is not null),
    check ((kind = 'role') = (role is not null)),
    check ((kind = 'withdraw') = (withdraws is not null))
);

create table notes (
    note_id integer primary key,
    call_id text not null,
    number integer not null check (number > 0),
    at_s real not null check (at_s >= 0),
    text text not null,
    withdraws integer,                   -- number of the note that was taken back; null: a note
    who text not null check (who <> ''),
    created_at text not null,
    unique (call_id, number),
    check (withdraws is not null or text <> '')
);

create table playlist_steps (
    step_id integer primary key,
    playlist_id text not null,
    number integer not null check (number > 0),
    step text not null check (step in ('create', 'rename', 'share', 'close', 'add', 'note', 'move', 'remove')),
    title text,                          -- create, rename
    audience text check (audience in ('mine', 'staff', 'agents')),   -- create, share
    moment integer,                      -- note, move, remove: number of the step that added it
    call_id text,                        -- add
    start_s real,
    end_s real,
    good integer check (good in (0, 1)), -- add: an example to follow, or to avoid
    note text,                           -- add, note
    place integer check (place >= 0),    -- move: how many moments stand before it
    who text not null check (who <> ''),
    created_at text not null,
    unique (playlist_id, number),
    check (step <> 'add' or (call_id is not null and good is not null and end_s > start_s and start_s >= 0)),
    check (step not in ('create', 'rename') or title <> ''),
    check (step not in ('create', 'share') or audience is not null),
    check (step not in ('note', 'move', 'remove') or moment is not null)
);

create index playlist_steps_call on playlist_steps (call_id);

create table saved_views (
    view_id integer primary key,
    owner text not null check (owner <> ''),
    name text not null check (name <> ''),
    version integer not null check (version > 0),
    query text not null,                 -- JSON: address parameters of the call list
    shared integer not null check (shared in (0, 1)),
    removed integer not null check (removed in (0, 1)),
    created_at text not null,
    unique (owner, name, version)
);

create trigger fact_corrections_keep before update on fact_corrections
begin
    select raise(abort, 'corrections are append-only');
end;

create trigger fact_corrections_stay before delete on fact_corrections
begin
    select raise(abort, 'corrections are append-only');
end;

create trigger notes_keep before update on notes
begin
    select raise(abort, 'notes are append-only');
end;

create trigger notes_stay before delete on notes
begin
    select raise(abort, 'notes are append-only');
end;

create trigger playlist_steps_keep before update on playlist_steps
begin
    select raise(abort, 'playlists are append-only');
end;

create trigger playlist_steps_stay before delete on playlist_steps
begin
    select raise(abort, 'playlists are append-only');
end;

create trigger saved_views_keep before update on saved_views
begin
    select raise(abort, 'saved views are append-only');
end;

create trigger saved_views_stay before delete on saved_views
begin
    select raise(abort, 'saved views are append-only');
end;
