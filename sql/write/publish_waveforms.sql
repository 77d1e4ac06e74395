-- purpose: the peaks of every channel of every call (store: snapshot)
-- parameters: none
-- columns: those of waveforms; peaks 0..255, one every hop_s seconds
insert into waveforms by name
select
    f.call_id,
    f.day,
    generate_subscripts(f.envelope.peaks, 1) - 1 as channel,
    f.envelope.hop_s as hop_s,
    cast(unnest(f.envelope.peaks) as utinyint[]) as peaks
from staged_facts as f
