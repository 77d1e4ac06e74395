-- purpose: whether a reviewed call passed; coaching notes and agreed goals of agents. Append-only.
-- times are ISO 8601 in UTC, days are local.

alter table reviews add column passed integer check (passed in (0, 1));   -- null: nothing was applicable, or an older form

create table coaching_notes (
    note_id integer primary key,
    agent_id text not null check (agent_id <> ''),
    call_id text,                        -- the call it is about, if it is about one
    text text not null check (text <> ''),
    shown integer not null check (shown in (0, 1)),   -- whether the agent reads it too
    withdraws integer references coaching_notes (note_id),   -- the note that this one takes back; text says why
    who text not null check (who <> ''),
    created_at text not null
);

create index coaching_notes_agent on coaching_notes (agent_id);

create table goals (
    goal_id integer primary key,
    agent_id text not null check (agent_id <> ''),
    figure text not null check (figure <> ''),   -- pipeline.store.coaching.FIGURES
    family text,                         -- of the figure violation_rate: which findings are counted
    at_least real,
    at_most real,
    starts_on text not null,
    due_on text not null,
    comment text not null,
    who text not null check (who <> ''),
    created_at text not null,
    check (at_least is not null or at_most is not null),
    check (due_on >= starts_on)
);

create index goals_agent on goals (agent_id);

create table goal_steps (
    step_id integer primary key,
    goal_id integer not null references goals (goal_id),
    number integer not null check (number > 0),
    step text not null check (step in ('agree', 'reach', 'miss', 'withdraw')),
    who text not null check (who <> ''),
    reason text not null,
    created_at text not null,
    unique (goal_id, number)
);

create trigger coaching_notes_keep before update on coaching_notes
begin
    select raise(abort, 'coaching notes are append-only');
end;

create trigger coaching_notes_stay before delete on coaching_notes
begin
    select raise(abort, 'coaching notes are append-only');
end;

create trigger goals_keep before update on goals
begin
    select raise(abort, 'goals are append-only');
end;

create trigger goals_stay before delete on goals
begin
    select raise(abort, 'goals are append-only');
end;

create trigger goal_steps_keep before update on goal_steps
begin
    select raise(abort, 'steps of goals are append-only');
end;

create trigger goal_steps_stay before delete on goal_steps
begin
    select raise(abort, 'steps of goals are append-only');
end;
