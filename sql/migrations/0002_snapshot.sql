-- purpose: findings that were dropped, findings with points of their own, mended spelling, sounds, callers who ring again

drop table findings;

create table findings (
    call_id varchar not null,
    finding_index integer not null,
    finding_key varchar not null,        -- stable over rechecks; human verdicts name it
    rule_id varchar not null,
    family varchar not null,
    severity varchar not null check (severity in ('info', 'minor', 'major', 'red_line')),
    status varchar not null check (status in ('violated', 'remedied', 'satisfied', 'review', 'dropped')),
    role varchar not null,
    utterance_index integer,
    start_s double,
    end_s double,
    evidence varchar not null,
    matched_text varchar,
    confidence double not null check (confidence between 0 and 1),
    value double,
    limit_value double,
    unit varchar,
    note varchar,
    points double,                       -- of the rule itself; null: the scorecard says
    points_cap double,
    fatal boolean not null,              -- the rule alone fails the call
    alert boolean not null,
    points_deducted double not null
);

alter table utterances add column sounds varchar;
alter table utterances add column corrections struct(
    "start" integer,
    "end" integer,
    original varchar,
    corrected varchar,
    reason varchar,
    probability double
)[];
alter table calls add column previous_calls integer;

-- What `calls` is put together from, with the day (folder) it came from, so that a publish need only read days that
-- changed. Nobody but publish and the batch driver reads these.

create table stored_days (
    kind varchar not null,               -- facts, judgements
    day varchar not null,
    digest varchar not null,             -- of names, sizes and times of the day's files, and of rows that do not count
    primary key (kind, day)
);

create table call_facts (
    call_id varchar not null,
    day varchar not null,
    sha256 varchar not null,
    path varchar not null,
    started_at timestamptz,
    agent_id varchar,
    agent_name varchar,
    team varchar,
    queue varchar,
    direction varchar,
    caller_hash varchar,
    previous_calls integer,
    line varchar,
    topic varchar,                       -- as the telephone system says
    agent_channel integer,
    codec varchar not null,
    sample_rate_hz integer not null,
    channels integer not null,
    layout varchar not null,
    declared_s double,
    decoded_s double not null,
    damaged boolean not null,
    warnings varchar[] not null,
    role_confidence double not null,
    fingerprint varchar not null,
    analyzed_at timestamptz not null
);

create table call_judgements (
    call_id varchar not null,
    day varchar not null,
    rulebook_version varchar not null,
    scorecard_id varchar not null,
    scorecard_version varchar not null,
    score_total double,
    fatal boolean not null,
    passed boolean,
    topic varchar,                       -- the most certain one
    judged_at timestamptz not null
);
