-- purpose: how far the work is, by plan and reviewer (store: reviews)
-- parameters: $now (UTC), $since (UTC: closed before it and not counted; null: all)
-- columns: plan_id, reviewer (null: nobody's), tasks, done, skipped, held (claimed just now), overdue
select
    plan_id,
    case when step = 'claim' and locked_until > $now then who else assignee end as reviewer,
    count(*) as tasks,
    sum(coalesce(step, '') = 'complete') as done,
    sum(coalesce(step, '') = 'skip') as skipped,
    sum(coalesce(step, '') = 'claim' and locked_until > $now) as held,
    sum(open and due_at < $now) as overdue
from task_states
where open or $since is null or changed_at >= $since
group by
    plan_id,
    reviewer
order by
    plan_id,
    reviewer
