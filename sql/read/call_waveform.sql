-- purpose: peaks of one call for drawing, at most $points a channel (the highest peak of each stretch)
-- parameters: $call_id; $points
-- columns: channel, step_s (s between two peaks), peaks (0..255)

with sized as (
    select
        channel,
        hop_s,
        peaks,
        greatest(1, cast(ceil(len(peaks) / $points) as integer)) as stretch
    from waveforms
    where
        day = (select max(d.day) from call_facts as d where d.call_id = $call_id)
        and call_id = $call_id
)

select
    channel,
    hop_s * stretch as step_s,
    list_transform(
        range(0, len(peaks), stretch),
        lambda i: coalesce(list_max(list_slice(peaks, i + 1, i + stretch)), 0)
    ) as peaks
from sized
order by channel;
