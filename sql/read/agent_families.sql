-- purpose: in how many calls of every agent there is a violation of each family, after verdicts
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any
-- columns: agent_id, family, calls (with at least one violation)

with counted as (
    select
        agent_id,
        list_distinct(
            list_transform(list_filter(hits, lambda h: h.status = 'violated'), lambda h: h.family)
        ) as families
    from decided.results
    where
        agent_id is not null
        and violated > 0
        and ($from is null or started_at >= $from)
        and ($until is null or started_at < $until)
        and ($team is null or team = $team)
        and ($queue is null or queue = $queue)
        and ($agent is null or agent_id = $agent)
),

listed as (
    select
        agent_id,
        unnest(families) as family
    from counted
)

select
    agent_id,
    family,
    count(*) as calls
from listed
group by
    agent_id,
    family
order by
    agent_id,
    calls desc,
    family;
