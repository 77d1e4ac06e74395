-- purpose: runs, newest first (store: ledger)
-- parameters: $limit (rows)
-- columns: run_id, started_at, finished_at (UTC), outcome, fingerprint, rulebook_version, snapshot_id, found, done,
--          failed (files), audio_s, wall_s
select
    run_id,
    started_at,
    finished_at,
    outcome,
    fingerprint,
    rulebook_version,
    snapshot_id,
    found,
    done,
    failed,
    audio_s,
    wall_s
from runs
order by run_id desc
limit $limit
