-- purpose: calibration: the same calls scored by several people who do not see each other's forms. Append-only.
-- A calibration form is no review: it counts in no average. Times are ISO 8601 in UTC.

create table calibration_rounds (
    round_id integer primary key,
    title text not null check (title <> ''),
    blind integer not null check (blind in (0, 1)),        -- 1: the automatic score and findings are hidden too
    due_at text not null,
    who text not null check (who <> ''),
    created_at text not null
);

create table calibration_calls (
    round_id integer not null references calibration_rounds (round_id),
    number integer not null check (number > 0),
    call_id text not null,
    primary key (round_id, call_id)
);

create index calibration_calls_call on calibration_calls (call_id);

create table calibration_people (
    round_id integer not null references calibration_rounds (round_id),
    name text not null check (name <> ''),
    part text not null check (part in ('reviewer', 'expert')),
    primary key (round_id, name)
);

create table calibration_closings (
    round_id integer primary key references calibration_rounds (round_id),
    who text not null check (who <> ''),
    note text not null,                  -- what was agreed
    created_at text not null
);

create table calibration_forms (
    form_id integer primary key,
    round_id integer not null references calibration_rounds (round_id),
    call_id text not null,
    reviewer text not null check (reviewer <> ''),
    version integer not null check (version > 0),
    comment text not null,
    total real check (total between 0 and 100),
    fatal integer not null check (fatal in (0, 1)),
    scorecard_id text not null,
    scorecard_version text not null,
    created_at text not null,
    unique (round_id, call_id, reviewer, version),
    foreign key (round_id, call_id) references calibration_calls (round_id, call_id),
    foreign key (round_id, reviewer) references calibration_people (round_id, name)
);

create table calibration_items (
    form_id integer not null references calibration_forms (form_id),
    item_index integer not null,
    item_id text not null,
    points real,                         -- null: not applicable
    points_max real not null check (points_max > 0),
    reason text not null,
    primary key (form_id, item_index),
    check (points is null or points between 0 and points_max)
);

create trigger calibration_forms_in_time before insert on calibration_forms
when exists (select 1 from calibration_closings as c where c.round_id = new.round_id)
begin
    select raise(abort, 'this calibration round is closed');
end;

create trigger calibration_rounds_keep before update on calibration_rounds
begin
    select raise(abort, 'calibration rounds are append-only');
end;

create trigger calibration_rounds_stay before delete on calibration_rounds
begin
    select raise(abort, 'calibration rounds are append-only');
end;

create trigger calibration_calls_keep before update on calibration_calls
begin
    select raise(abort, 'calibration rounds are append-only');
end;

create trigger calibration_calls_stay before delete on calibration_calls
begin
    select raise(abort, 'calibration rounds are append-only');
end;

create trigger calibration_people_keep before update on calibration_people
begin
    select raise(abort, 'calibration rounds are append-only');
end;

create trigger calibration_people_stay before delete on calibration_people
begin
    select raise(abort, 'calibration rounds are append-only');
end;

create trigger calibration_closings_keep before update on calibration_closings
begin
    select raise(abort, 'calibration rounds are append-only');
end;

create trigger calibration_closings_stay before delete on calibration_closings
begin
    select raise(abort, 'calibration rounds are append-only');
end;

create trigger calibration_forms_keep before update on calibration_forms
begin
    select raise(abort, 'calibration forms are append-only');
end;

create trigger calibration_forms_stay before delete on calibration_forms
begin
    select raise(abort, 'calibration forms are append-only');
end;

create trigger calibration_items_keep before update on calibration_items
begin
    select raise(abort, 'calibration forms are append-only');
end;

create trigger calibration_items_stay before delete on calibration_items
begin
    select raise(abort, 'calibration forms are append-only');
end;
