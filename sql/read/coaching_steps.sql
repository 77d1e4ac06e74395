-- purpose: what became of goals, oldest first (store: reviews)
-- parameters: $agent_id (null: of all), $goal_id (null: all)
-- columns: goal_id, number, step (agree, reach, miss, withdraw), who, reason, created_at (UTC)
select
    s.goal_id,
    s.number,
    s.step,
    s.who,
    s.reason,
    s.created_at
from goal_steps as s
inner join goals as g on g.goal_id = s.goal_id
where
    ($agent_id is null or g.agent_id = $agent_id)
    and ($goal_id is null or s.goal_id = $goal_id)
order by s.step_id
