-- purpose: what the filters can offer
-- parameters: $zone time zone name
-- columns: first_day, last_day (local dates), agents (structs agent_id, agent_name), topics, families

select
    min(cast(timezone($zone, started_at) as date)) as first_day,
    max(cast(timezone($zone, started_at) as date)) as last_day,
    (
        select coalesce(list(a order by a.agent_id), [])
        from (
            select {'agent_id': agent_id, 'agent_name': coalesce(max(agent_name), '')} as a
            from calls
            where agent_id is not null
            group by agent_id
            order by agent_id
        )
    ) as agents,
    coalesce(list_sort(list(distinct topic) filter (where topic is not null)), []) as topics,
    (select coalesce(list_sort(list(distinct family)), []) from findings where status <> 'dropped') as families
from calls
order by first_day;
