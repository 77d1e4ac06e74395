-- purpose: the sums behind the figures of some calls; final results
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any; $spl_low, $spl_high (dB), $rate_low, $rate_high (字/分) target bands
-- columns: those of decided.sums;
--   spl_inside, rate_inside (calls within the band), reviewed (calls with a form)

select
    unnest(decided.sums(
        score_total, passed, fatal, violated, decoded_s,
        agent_estimated_spl_db, agent_speech_rate_cpm, silence_ratio, agent_interruptions_count
    )),
    count(*) filter (where agent_estimated_spl_db between $spl_low and $spl_high) as spl_inside,
    count(*) filter (where agent_speech_rate_cpm between $rate_low and $rate_high) as rate_inside,
    count(*) filter (where reviewed) as reviewed
from decided.results
where
    ($from is null or started_at >= $from)
    and ($until is null or started_at < $until)
    and ($team is null or team = $team)
    and ($queue is null or queue = $queue)
    and ($agent is null or agent_id = $agent)
order by count(*);
