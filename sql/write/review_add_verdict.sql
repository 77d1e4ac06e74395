-- purpose: append a verdict on a finding (store: reviews)
-- parameters: $call_id, $finding_key, $version, $verdict, $comment, $reviewer, $created_at (UTC)
insert into verdicts (call_id, finding_key, version, verdict, comment, reviewer, created_at)
values ($call_id, $finding_key, $version, $verdict, $comment, $reviewer, $created_at)
