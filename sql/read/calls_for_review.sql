-- purpose: calls in which a hit of one of these rules waits for somebody to listen
-- parameters: $rule_ids (list), $since (date, null: all calls; calls without a date are always there)
-- columns: call_id

select distinct c.call_id
from findings as f
inner join calls as c on c.call_id = f.call_id
where
    f.status = 'review'
    and list_contains($rule_ids, f.rule_id)
    and ($since::date is null or c.started_at is null or c.started_at >= $since::date)
order by c.call_id
