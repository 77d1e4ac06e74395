-- purpose: which calls people are to look at: sampling plans, draws from them, tasks and what becomes of each.
-- Append-only. Times are ISO 8601 in UTC, days are local.

alter table users add column password_temporary integer not null default 0 check (password_temporary in (0, 1));

create table sampling_plans (
    plan_id integer not null check (plan_id > 0),
    version integer not null check (version > 0),
    active integer not null check (active in (0, 1)),
    definition text not null,            -- JSON of pipeline.sampling.Plan
    who text not null check (who <> ''),
    created_at text not null,
    primary key (plan_id, version)
);

create table draws (
    draw_id integer primary key,
    plan_id integer not null,
    plan_version integer not null,
    kind text not null check (kind in ('random', 'targeted')),
    first_day text not null,
    last_day text not null check (last_day >= first_day),
    seed integer not null,               -- the same plan, calls and seed give the same tasks
    snapshot_id integer,                 -- the snapshot that was drawn from
    who text not null check (who <> ''),
    created_at text not null,
    unique (plan_id, first_day),
    foreign key (plan_id, plan_version) references sampling_plans (plan_id, version)
);

create table draw_strata (
    draw_id integer not null references draws (draw_id),
    stratum text not null,
    calls integer not null check (calls > 0),              -- N
    drawn integer not null check (drawn between 0 and calls),   -- n
    primary key (draw_id, stratum)
);

create table tasks (
    task_id integer primary key,
    draw_id integer not null references draws (draw_id),
    number integer not null check (number > 0),            -- in the order of the draw, which is random
    call_id text not null,
    stratum text not null,
    due_at text not null,
    created_at text not null,
    unique (draw_id, call_id)
);

create index tasks_call on tasks (call_id);

create table task_steps (
    step_id integer primary key,
    task_id integer not null references tasks (task_id),
    number integer not null check (number > 0),
    step text not null check (step in ('assign', 'claim', 'release', 'complete', 'skip')),
    who text not null check (who <> ''),
    assignee text,                       -- whose task it is; null: anybody's
    locked_until text,                   -- of a claim: until then it is `who`'s alone
    review_version integer,              -- of a completed one: the form that was saved
    reason text not null,
    created_at text not null,
    unique (task_id, number),
    check ((step = 'claim') = (locked_until is not null)),
    check ((step = 'complete') = (review_version is not null)),
    check (step <> 'skip' or reason <> '')
);

-- One row a task with its last step; the definition of "open".
create view task_states as
select
    t.task_id,
    t.draw_id,
    t.number,
    t.call_id,
    t.stratum,
    t.due_at,
    d.plan_id,
    d.kind,
    d.first_day,
    d.last_day,
    coalesce(s.number, 0) as steps,
    s.step,
    s.who,
    s.assignee,
    s.locked_until,
    s.review_version,
    s.created_at as changed_at,
    coalesce(s.step, '') not in ('complete', 'skip') as open
from tasks as t
inner join draws as d on d.draw_id = t.draw_id
left join task_steps as s
    on s.task_id = t.task_id
    and s.number = (select max(l.number) from task_steps as l where l.task_id = t.task_id);

-- Saving the form of a call is what a task asks for: it is completed in the same transaction, whoever saves it.
-- A task that is somebody else's, or that somebody else holds just now, stays theirs.
create trigger reviews_complete_tasks after insert on reviews
begin
    insert into task_steps
        (task_id, number, step, who, assignee, locked_until, review_version, reason, created_at)
    select
        task_id,
        steps + 1,
        'complete',
        new.reviewer,
        new.reviewer,
        null,
        new.version,
        '',
        new.created_at
    from task_states
    where
        call_id = new.call_id
        and open
        and (
            (coalesce(step, '') = 'claim' and who = new.reviewer)
            or (
                coalesce(assignee, new.reviewer) = new.reviewer
                and (coalesce(step, '') <> 'claim' or locked_until < new.created_at)
            )
        );
end;

create trigger sampling_plans_keep before update on sampling_plans
begin
    select raise(abort, 'sampling plans are append-only');
end;

create trigger sampling_plans_stay before delete on sampling_plans
begin
    select raise(abort, 'sampling plans are append-only');
end;

create trigger draws_keep before update on draws
begin
    select raise(abort, 'draws are append-only');
end;

create trigger draws_stay before delete on draws
begin
    select raise(abort, 'draws are append-only');
end;

create trigger draw_strata_keep before update on draw_strata
begin
    select raise(abort, 'draws are append-only');
end;

create trigger draw_strata_stay before delete on draw_strata
begin
    select raise(abort, 'draws are append-only');
end;

create trigger tasks_keep before update on tasks
begin
    select raise(abort, 'tasks are append-only');
end;

create trigger tasks_stay before delete on tasks
begin
    select raise(abort, 'tasks are append-only');
end;

create trigger task_steps_keep before update on task_steps
begin
    select raise(abort, 'task steps are append-only');
end;

create trigger task_steps_stay before delete on task_steps
begin
    select raise(abort, 'task steps are append-only');
end;
