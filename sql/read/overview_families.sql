-- purpose: findings by family, most frequent first
-- parameters: $zone time zone name; $from_day, $to_day local dates, null: open
-- columns: family, status, findings, calls (distinct)

select
    f.family,
    f.status,
    count(*) as findings,
    count(distinct f.call_id) as calls
from findings as f
inner join calls as c on c.call_id = f.call_id
where
    f.status not in ('satisfied', 'dropped')
    and ($from_day is null or timezone($zone, c.started_at) >= cast($from_day as date))
    and ($to_day is null or timezone($zone, c.started_at) < cast($to_day as date) + interval 1 day)
group by
    f.family,
    f.status
order by
    sum(count(*)) over (partition by f.family) desc,
    f.family,
    f.status;
