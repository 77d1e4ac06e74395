-- purpose: the trend by local day; calls that nobody dated are left out
-- parameters: $zone time zone name; $from_day, $to_day local dates, null: open
-- columns: day (date), calls, mean_score (0..100, null: none scored), violations_per_call

with violations as (
    select
        call_id,
        count(*) as hits
    from findings
    where status = 'violated'
    group by call_id
)

select
    cast(timezone($zone, c.started_at) as date) as day,
    count(*) as calls,
    avg(c.score_total) as mean_score,
    sum(coalesce(v.hits, 0)) / count(*) as violations_per_call
from calls as c
left join violations as v on v.call_id = c.call_id
where
    c.started_at is not null
    and ($from_day is null or timezone($zone, c.started_at) >= cast($from_day as date))
    and ($to_day is null or timezone($zone, c.started_at) < cast($to_day as date) + interval 1 day)
group by day
order by day;
