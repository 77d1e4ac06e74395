-- purpose: the version of each sampling plan that holds (store: reviews)
-- parameters: none
-- columns: plan_id, version, active (0 or 1), definition (JSON), who, created_at (UTC)
select
    p.plan_id,
    p.version,
    p.active,
    p.definition,
    p.who,
    p.created_at
from sampling_plans as p
where p.version = (select max(l.version) from sampling_plans as l where l.plan_id = p.plan_id)
order by p.plan_id
