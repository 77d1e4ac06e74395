-- purpose: the result of the latest score form of every call that has one
-- columns: call_id, total (points 0..100, null: nothing applicable), passed (null: not known), fatal
create table decided.review_results (
    call_id varchar primary key,
    total double,
    passed boolean,
    fatal boolean not null
)
