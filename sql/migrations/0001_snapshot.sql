-- purpose: every table of a published snapshot (read-only for its readers). Times in seconds from the start of the file.

create table snapshot_info (
    snapshot_id integer not null,
    published_at timestamptz not null,
    callqa_version varchar not null,
    rulebook_version varchar,
    calls integer not null
);

create table calls (
    call_id varchar primary key,
    sha256 varchar not null,
    path varchar not null,
    file_name varchar not null,
    started_at timestamptz,              -- null: nobody said when the call was
    agent_id varchar,
    agent_name varchar,
    team varchar,
    queue varchar,
    direction varchar check (direction in ('inbound', 'outbound')),
    caller_hash varchar,
    line varchar,
    topic varchar,                       -- metadata's topic, else the judgement's most certain one
    codec varchar not null,
    sample_rate_hz integer not null,
    channels integer not null,
    layout varchar not null check (layout in ('mono', 'stereo', 'dual_mono')),
    declared_s double,
    decoded_s double not null check (decoded_s >= 0),
    damaged boolean not null,
    warnings varchar[] not null,
    role_confidence double not null check (role_confidence between 0 and 1),
    fingerprint varchar not null,
    rulebook_version varchar not null,
    scorecard_id varchar not null,
    scorecard_version varchar not null,
    score_total double check (score_total between 0 and 100),
    fatal boolean not null,
    passed boolean,
    analyzed_at timestamptz not null,
    judged_at timestamptz not null
);

create table call_measures (
    call_id varchar not null,
    name varchar not null,               -- the unit is the suffix
    value double,                        -- null: not measurable
    reason varchar,                      -- why not
    check (value is not null or reason is not null)
);

create table utterances (
    call_id varchar not null,
    utterance_index integer not null,
    role varchar not null check (role in ('agent', 'patient', 'unknown')),
    speaker varchar not null,
    channel integer,
    start_s double not null,
    end_s double not null check (end_s >= start_s),
    text varchar not null,
    raw_text varchar not null,
    confidence double,
    active_level_dbfs double,
    estimated_spl_db double,
    speech_rate_cpm double,
    gross_rate_cpm double,
    pitch_median_hz double,
    voiced_s double,
    measures struct(name varchar, value double, reason varchar)[] not null,
    words struct(text varchar, start_s double, end_s double, probability double)[] not null
);

create table events (
    call_id varchar not null,
    event_index integer not null,
    kind varchar not null,               -- silence, overlap, interruption, loudness_jump, untranscribed_speech
    role varchar not null,
    utterance_index integer,
    start_s double not null,
    end_s double not null,
    value double
);

create table findings (
    call_id varchar not null,
    finding_index integer not null,
    finding_key varchar not null,        -- stable over rechecks; human verdicts name it
    rule_id varchar not null,
    family varchar not null,
    severity varchar not null check (severity in ('info', 'minor', 'major', 'red_line')),
    status varchar not null check (status in ('violated', 'remedied', 'satisfied', 'review')),
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
    points_deducted double not null
);

create table score_sections (
    call_id varchar not null,
    section_index integer not null,
    section_id varchar not null,
    name_zh varchar not null,
    name_en varchar not null,
    points_max double not null,
    points double
);

create table score_items (
    call_id varchar not null,
    item_index integer not null,
    section_id varchar not null,
    item_id varchar not null,
    name_zh varchar not null,
    name_en varchar not null,
    points_max double not null,
    points double,
    status varchar not null check (status in ('ok', 'deducted', 'not_applicable', 'review')),
    fatal boolean not null,
    reason varchar,                      -- why the item is not applicable
    deductions struct(finding_key varchar, points double)[] not null
);

create table topics (
    call_id varchar not null,
    topic varchar not null,
    confidence double not null,
    evidence varchar[] not null
);

create table waveforms (
    call_id varchar not null,
    channel integer not null,
    hop_s double not null,
    peaks utinyint[] not null            -- |peak| / full scale * 255
);

create table files (
    path varchar not null,
    sha256 varchar,
    call_id varchar,
    state varchar not null,              -- pending, leased, done, failed, quarantined, duplicate
    reason varchar,
    attempts integer not null,
    updated_at timestamptz not null
);
