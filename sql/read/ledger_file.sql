-- purpose: what a path held when it was last looked at (store: ledger)
-- parameters: $path
-- columns: sha256, size_bytes, mtime_ns, ctime_ns
select
    sha256,
    size_bytes,
    mtime_ns,
    ctime_ns
from files
where path = $path
order by path
