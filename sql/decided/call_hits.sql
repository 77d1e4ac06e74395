-- purpose: counts of findings after verdicts, of the calls that have a verdict
-- columns: call_id, hits (as in calls), violated, review, remedied (findings)
create table decided.call_hits (
    call_id varchar primary key,
    hits struct(family varchar, severity varchar, status varchar, findings integer)[] not null,
    violated integer not null,
    review integer not null,
    remedied integer not null
)
