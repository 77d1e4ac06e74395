-- purpose: note where bytes lie, or that a file cannot be read (store: ledger)
-- parameters: $path, $sha256 (null: unreadable), $size_bytes, $mtime_ns, $ctime_ns, $reason, $now (UTC)
insert into files (path, sha256, size_bytes, mtime_ns, ctime_ns, reason, updated_at)
values ($path, $sha256, $size_bytes, $mtime_ns, $ctime_ns, $reason, $now)
on conflict (path) do update set
    sha256 = excluded.sha256,
    size_bytes = excluded.size_bytes,
    mtime_ns = excluded.mtime_ns,
    ctime_ns = excluded.ctime_ns,
    reason = excluded.reason,
    updated_at = iif(
        files.sha256 is excluded.sha256 and files.reason is excluded.reason,
        files.updated_at,
        excluded.updated_at
    )
