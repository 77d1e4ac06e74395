-- purpose: one call's head
-- parameters: $call_id; $zone time zone name
-- columns: the row of calls, times local; facts_day, judged_day: under which day the call's other rows lie (asked for by it,
--   a statement looks at that day's rows only)

select
    call_id,
    sha256,
    path,
    file_name,
    timezone($zone, started_at) as started_at,
    agent_id,
    agent_name,
    team,
    queue,
    direction,
    line,
    topic,
    codec,
    sample_rate_hz,
    channels,
    layout,
    declared_s,
    decoded_s,
    damaged,
    warnings,
    role_confidence,
    fingerprint,
    rulebook_version,
    scorecard_id,
    scorecard_version,
    score_total,
    fatal,
    passed,
    timezone($zone, analyzed_at) as analyzed_at,
    timezone($zone, judged_at) as judged_at,
    (select max(f.day) from call_facts as f where f.call_id = $call_id) as facts_day,
    (select max(j.day) from call_judgements as j where j.call_id = $call_id) as judged_day
from calls
where call_id = $call_id
order by call_id;
