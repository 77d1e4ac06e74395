-- purpose: who may sign in, who is signed in, and every attempt. Users change; each change is a line of the audit log.
-- times are ISO 8601 in UTC.

create table users (
    name text primary key check (name <> ''),
    display_name text not null check (display_name <> ''),
    role text not null check (role in ('reviewer', 'supervisor', 'agent', 'admin')),
    agent_id text,                       -- of an agent: whose calls are theirs
    password_hash text,                  -- argon2id; null: signs in at the proxy or the identity provider
    disabled integer not null check (disabled in (0, 1)),
    created_at text not null,
    check (role <> 'agent' or agent_id is not null)
);

create table sessions (
    token_digest text primary key,       -- sha256 of the cookie's secret
    name text not null references users (name),
    created_at text not null,
    expires_at text not null,
    ended_at text
);

create index sessions_name on sessions (name);

create table sign_ins (
    sign_in_id integer primary key,
    name text not null,                  -- as typed, cut to 100 characters: it need not be a user
    succeeded integer not null check (succeeded in (0, 1)),
    created_at text not null
);

create index sign_ins_name on sign_ins (name, created_at);

create trigger users_stay before delete on users
begin
    select raise(abort, 'users are disabled, never deleted: decisions bear their names');
end;

create trigger sign_ins_keep before update on sign_ins
begin
    select raise(abort, 'sign-ins are append-only');
end;

create trigger sign_ins_stay before delete on sign_ins
begin
    select raise(abort, 'sign-ins are append-only');
end;
