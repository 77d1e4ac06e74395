-- purpose: say which snapshot this is (store: snapshot)
-- parameters: $snapshot_id, $published_at, $callqa_version
-- columns: those of snapshot_info; rulebook_version is that of the latest judgement
insert into snapshot_info by name
select
    $snapshot_id as snapshot_id,
    $published_at as published_at,
    $callqa_version as callqa_version,
    arg_max(rulebook_version, judged_at) as rulebook_version,
    count(*) as calls
from calls
