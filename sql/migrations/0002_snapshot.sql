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
