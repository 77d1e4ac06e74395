-- purpose: what could not be measured, and why
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any; $names measures asked for, joined by commas
-- columns: name (of call_measures), reason, calls

with listed as (
    select unnest(list_filter(unmeasured, lambda u: list_contains(string_split($names, ','), u.name))) as u
    from decided.results
    where
        ($from is null or started_at >= $from)
        and ($until is null or started_at < $until)
        and ($team is null or team = $team)
        and ($queue is null or queue = $queue)
        and ($agent is null or agent_id = $agent)
)

select
    u.name as name,
    u.reason as reason,
    count(*) as calls
from listed
group by
    u.name,
    u.reason
order by
    u.name,
    calls desc,
    u.reason;
