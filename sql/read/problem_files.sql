-- purpose: files that gave no call, or a damaged one, newest first
-- parameters: $zone time zone name; $limit rows
-- columns: file_name, path, state, reason, attempts, updated_at (local), call_id

select
    parse_filename(path) as file_name,
    path,
    state,
    reason,
    attempts,
    timezone($zone, updated_at) as updated_at,
    call_id
from files
where state in ('failed', 'quarantined', 'duplicate')
order by
    files.updated_at desc,
    path
limit $limit;
