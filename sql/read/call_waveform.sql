-- purpose: peaks of one call for drawing, at most $points a channel (the highest peak of each stretch)
-- parameters: $call_id; $day (facts_day of call); $points
-- columns: channel, step_s (s between two peaks), peaks (0..255)

with sized as (
    select
        channel,
        hop_s,
        peaks,
        greatest(1, cast(ceil(len(peaks) / $points) as integer)) as stretch
    from waveforms
    where
        day = $day
        and call_id = $call_id
),

single as (
    select
        channel,
        hop_s * stretch as step_s,
        stretch,
        unnest(peaks) as peak,
        generate_subscripts(peaks, 1) as place
    from sized
),

highest as (
    select
        channel,
        step_s,
        (place - 1) // stretch as part,
        max(peak) as peak
    from single
    group by
        channel,
        step_s,
        part
)

select
    channel,
    step_s,
    list(peak order by part) as peaks
from highest
group by
    channel,
    step_s
order by channel;
