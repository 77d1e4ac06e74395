-- purpose: findings with the call they belong to, for lists and exports
-- columns: those of findings, plus file_name, started_at, agent_id, agent_name, team, queue, topic, score_total,
--          rulebook_version
create view finding_details as
select
    f.*,
    c.file_name,
    c.started_at,
    c.agent_id,
    c.agent_name,
    c.team,
    c.queue,
    c.topic,
    c.score_total,
    c.rulebook_version
from findings as f
inner join calls as c on c.call_id = f.call_id
