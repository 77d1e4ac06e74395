-- purpose: the figures at the top of the overview
-- parameters: $zone time zone name; $from_day, $to_day local dates, null: open
-- columns: calls, hours (h), scored, mean_score (0..100), passed, judged (calls with a verdict pass/fail), red_lines,
--   agent_spl_db (mean, dB), agent_rate_cpm (mean, 字/分), spl_missing, rate_missing (calls not measurable)

with chosen as (
    select *
    from calls
    where
        ($from_day is null or timezone($zone, started_at) >= cast($from_day as date))
        and ($to_day is null or timezone($zone, started_at) < cast($to_day as date) + interval 1 day)
),

measured as (
    select
        avg(m.value) filter (where m.name = 'agent_estimated_spl_db') as agent_spl_db,
        avg(m.value) filter (where m.name = 'agent_speech_rate_cpm') as agent_rate_cpm,
        count(*) filter (where m.name = 'agent_estimated_spl_db' and m.value is null) as spl_missing,
        count(*) filter (where m.name = 'agent_speech_rate_cpm' and m.value is null) as rate_missing
    from call_measures as m
    semi join chosen as c on c.call_id = m.call_id
)

select
    count(*) as calls,
    coalesce(sum(decoded_s), 0) / 3600 as hours,
    count(score_total) as scored,
    avg(score_total) as mean_score,
    count(*) filter (where passed) as passed,
    count(passed) as judged,
    count(*) filter (where fatal) as red_lines,
    any_value(measured.agent_spl_db) as agent_spl_db,
    any_value(measured.agent_rate_cpm) as agent_rate_cpm,
    coalesce(any_value(measured.spl_missing), 0) as spl_missing,
    coalesce(any_value(measured.rate_missing), 0) as rate_missing
from chosen
cross join measured
order by calls;
