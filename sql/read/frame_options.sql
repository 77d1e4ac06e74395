-- purpose: what a sampling plan can be limited to, and the days that have calls
-- parameters: $zone time zone name
-- columns: teams, topics (lists), first_day, last_day (local, null without a dated call)
select
    coalesce(list_sort(list(distinct team) filter (where team is not null)), []) as teams,
    coalesce(list_sort(list(distinct topic) filter (where topic is not null)), []) as topics,
    cast(timezone($zone, min(started_at)) as date) as first_day,
    cast(timezone($zone, max(started_at)) as date) as last_day
from calls
order by first_day
