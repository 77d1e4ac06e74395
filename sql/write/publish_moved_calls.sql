-- purpose: where the files of calls are now (store: snapshot)
-- parameters: none
update calls
set
    path = n.path,
    file_name = parse_filename(n.path)
from (
    select
        f.call_id,
        coalesce(p.path, f.path) as path
    from call_facts as f
    left join done_files as p on p.call_id = f.call_id
) as n
where
    n.call_id = calls.call_id
    and n.path <> calls.path
