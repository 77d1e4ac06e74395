-- purpose: how one figure of the calls is distributed
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any; $figure column of calls; $width of a bin; $most the last bin begins at most here
-- columns: low, high (low <= value < high; the last bin is open above), calls

with chosen as (
    select
        case $figure
            when 'agent_estimated_spl_db' then agent_estimated_spl_db
            when 'agent_speech_rate_cpm' then agent_speech_rate_cpm
            when 'silence_ratio' then silence_ratio
            when 'agent_interruptions_count' then agent_interruptions_count
        end as value
    from decided.results
    where
        ($from is null or started_at >= $from)
        and ($until is null or started_at < $until)
        and ($team is null or team = $team)
        and ($queue is null or queue = $queue)
        and ($agent is null or agent_id = $agent)
),

binned as (
    select least(floor(value / $width) * $width, $most) as low
    from chosen
    where value is not null
)

select
    low,
    low + $width as high,
    count(*) as calls
from binned
group by low
order by low;
