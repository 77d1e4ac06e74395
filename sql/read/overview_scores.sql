-- purpose: how the scores are distributed
-- parameters: $zone time zone name; $from_day, $to_day local dates, null: open
-- columns: low, high (points, low <= score < high; the last bin holds 100), calls

with bins as (
    select
        b * 5 as low,
        b * 5 + 5 as high
    from range(20) as r (b)
),

chosen as (
    select least(floor(score_total / 5), 19) * 5 as low
    from calls
    where
        score_total is not null
        and ($from_day is null or timezone($zone, started_at) >= cast($from_day as date))
        and ($to_day is null or timezone($zone, started_at) < cast($to_day as date) + interval 1 day)
)

select
    bins.low,
    bins.high,
    count(chosen.low) as calls
from bins
left join chosen on chosen.low = bins.low
group by
    bins.low,
    bins.high
order by bins.low;
