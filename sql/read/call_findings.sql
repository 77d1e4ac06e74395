-- purpose: findings of one call, by time; those without a time come last
-- parameters: $call_id; $day (judged_day of call)
-- columns: finding_key, rule_id, family, severity, status, role, utterance_index, start_s, end_s, evidence,
--   matched_text, confidence (0..1), value, limit_value (in unit), unit, note, points and points_cap (of the rule itself), fatal, alert,
--   points_deducted (points)

select
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
    points,
    points_cap,
    fatal,
    alert,
    points_deducted
from findings
where
    day = $day
    and call_id = $call_id
order by
    start_s nulls last,
    finding_index;
