-- purpose: what may differ in a call whose facts and judgement say the same: version, time, and where its file is now
--          (store: snapshot)
-- parameters: none
update calls
set
    rulebook_version = n.rulebook_version,
    judged_at = n.judged_at,
    path = n.path,
    file_name = parse_filename(n.path)
from (
    select
        f.call_id,
        j.rulebook_version,
        j.judged_at,
        coalesce(p.path, f.path) as path
    from call_facts as f
    inner join call_judgements as j on j.call_id = f.call_id
    left join done_files as p on p.call_id = f.call_id
) as n
where
    n.call_id = calls.call_id
    and (n.rulebook_version, n.judged_at, n.path) <> (calls.rulebook_version, calls.judged_at, calls.path)
