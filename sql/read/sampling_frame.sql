-- purpose: every call of some days, as a sampling plan looks at it
-- parameters: $zone time zone name; $first_day, $last_day local days, both included
-- columns: call_id, agent_id, team, topic, duration_s, score (0..100, null: none), passed, fatal, alert, review (a
--   finding waits for somebody to listen), severity (of the worst violated finding: red_line, major, minor, info, none)
with chosen as (
    select
        call_id,
        agent_id,
        team,
        topic,
        decoded_s,
        score_total,
        passed,
        fatal
    from calls
    where
        timezone($zone, started_at) >= cast($first_day as date)
        and timezone($zone, started_at) < cast($last_day as date) + interval 1 day
),

worst as (
    select
        f.call_id,
        bool_or(f.alert and f.status = 'violated') as alert,
        bool_or(f.status = 'review') as review,
        max(case f.severity when 'red_line' then 4 when 'major' then 3 when 'minor' then 2 else 1 end)
            filter (where f.status = 'violated') as severity
    from findings as f
    semi join chosen as c on c.call_id = f.call_id
    group by f.call_id
)

select
    c.call_id,
    c.agent_id,
    c.team,
    c.topic,
    c.decoded_s as duration_s,
    c.score_total as score,
    c.passed,
    c.fatal,
    coalesce(w.alert, false) as alert,
    coalesce(w.review, false) as review,
    coalesce(['info', 'minor', 'major', 'red_line'][w.severity], 'none') as severity
from chosen as c
left join worst as w on w.call_id = c.call_id
order by c.call_id
