-- purpose: what becomes of a task (store: reviews)
-- parameters: $task_id, $number, $step, $who, $assignee, $locked_until, $reason, $created_at (UTC)
insert into task_steps (task_id, number, step, who, assignee, locked_until, review_version, reason, created_at)
values ($task_id, $number, $step, $who, $assignee, $locked_until, null, $reason, $created_at)
