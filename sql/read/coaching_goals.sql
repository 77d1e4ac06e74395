-- purpose: the goals of an agent, the one that is due last first (store: reviews)
-- parameters: $agent_id (null: of all), $goal_id (null: all)
-- columns: goal_id, agent_id, figure, family, at_least, at_most (in the figure's unit), starts_on, due_on (local days),
--   comment, who, created_at (UTC)
select
    goal_id,
    agent_id,
    figure,
    family,
    at_least,
    at_most,
    starts_on,
    due_on,
    comment,
    who,
    created_at
from goals
where
    ($agent_id is null or agent_id = $agent_id)
    and ($goal_id is null or goal_id = $goal_id)
order by
    due_on desc,
    goal_id desc
