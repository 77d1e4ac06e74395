-- purpose: findings by family after verdicts, most frequent family first
-- parameters: $from, $until instants, null: open (calls without a date count only when both are open); $team, $queue,
--   $agent (agent id), null: any
-- columns: family, status (violated, review, remedied), findings, calls (with at least one)

with counted as (
    select list_filter(hits, lambda h: h.status <> 'satisfied') as hits
    from decided.results
    where
        ($from is null or started_at >= $from)
        and ($until is null or started_at < $until)
        and ($team is null or team = $team)
        and ($queue is null or queue = $queue)
        and ($agent is null or agent_id = $agent)
),

listed as (
    select unnest(hits) as hit
    from counted
),

-- a family may stand in a call's list with several severities; the call is counted once
once as (
    select
        unnest(
            list_distinct(list_transform(hits, lambda h: struct_pack(family := h.family, status := h.status)))
        ) as kind
    from counted
),

findings as (
    select
        hit.family as family,
        hit.status as status,
        cast(sum(hit.findings) as bigint) as findings
    from listed
    group by
        hit.family,
        hit.status
),

calls as (
    select
        kind.family as family,
        kind.status as status,
        count(*) as calls
    from once
    group by
        kind.family,
        kind.status
)

select
    f.family,
    f.status,
    f.findings,
    c.calls
from findings as f
inner join calls as c on c.family = f.family and c.status = f.status
order by
    sum(f.findings) over (partition by f.family) desc,
    f.family,
    f.status;
