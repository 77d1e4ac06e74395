-- purpose: what the filters can offer
-- parameters: $zone time zone name
-- columns: first_day, last_day (local dates, null without a dated call), agents (structs agent_id, agent_name), topics,
--   families, teams, queues (lists)

with agents as (
    select
        agent_id,
        coalesce(max(agent_name), '') as agent_name
    from calls
    where agent_id is not null
    group by agent_id
),

families as (
    select unnest(list_transform(hits, lambda h: h.family)) as family
    from calls
)

select
    cast(timezone($zone, min(started_at)) as date) as first_day,
    cast(timezone($zone, max(started_at)) as date) as last_day,
    (
        select
            coalesce(list(struct_pack(agent_id := a.agent_id, agent_name := a.agent_name) order by a.agent_id), [])
        from agents as a
    ) as agents,
    coalesce(list_sort(list(distinct topic) filter (where topic is not null)), []) as topics,
    (select coalesce(list_sort(list(distinct family)), []) from families) as families,
    coalesce(list_sort(list(distinct team) filter (where team is not null)), []) as teams,
    coalesce(list_sort(list(distinct queue) filter (where queue is not null)), []) as queues
from calls
order by first_day;
