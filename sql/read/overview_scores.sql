-- purpose: how the final scores are distributed
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any
-- columns: low, high (points, low <= score < high; the last bin holds 100), calls

with bins as (
    select
        b * 5 as low,
        b * 5 + 5 as high
    from range(20) as r (b)
),

chosen as (
    select least(floor(score_total / 5), 19) * 5 as low
    from decided.results
    where
        score_total is not null
        and ($from is null or started_at >= $from)
        and ($until is null or started_at < $until)
        and ($team is null or team = $team)
        and ($queue is null or queue = $queue)
        and ($agent is null or agent_id = $agent)
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
