-- purpose: one row a finding, for export
-- parameters: $from, $until instants, null: open (calls without a time are left out when either is given)
-- columns: call_id, file_name, started_at, agent_id, agent_name, team, queue, topic, finding_key, rule_id, family,
--          severity, status, role, utterance_index, start_s, end_s, evidence, matched_text, confidence (0..1), value,
--          limit_value (in unit), unit, note, points_deducted, score_total (0..100), rulebook_version
select
    call_id,
    file_name,
    started_at,
    agent_id,
    agent_name,
    team,
    queue,
    topic,
    finding_key,
    rule_id,
    family,
    severity,
    status,
    role,
    utterance_index,
    start_s,
    end_s,
    evidence,
    matched_text,
    confidence,
    value,
    limit_value,
    unit,
    note,
    points_deducted,
    score_total,
    rulebook_version
from finding_details
where
    ($from is null or started_at >= $from)
    and ($until is null or started_at < $until)
order by
    started_at nulls last,
    call_id,
    finding_index
