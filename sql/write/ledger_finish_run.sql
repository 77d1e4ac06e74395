-- purpose: note how a run ended (store: ledger)
-- parameters: $run_id, $outcome, $rulebook_version, $snapshot_id, $found, $done, $failed, $audio_s, $wall_s, $now (UTC)
update runs
set
    finished_at = $now,
    outcome = $outcome,
    rulebook_version = $rulebook_version,
    snapshot_id = $snapshot_id,
    found = $found,
    done = $done,
    failed = $failed,
    audio_s = $audio_s,
    wall_s = $wall_s
where run_id = $run_id
