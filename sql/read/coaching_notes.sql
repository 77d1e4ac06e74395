-- purpose: the coaching notes of an agent that nobody took back, newest first (store: reviews)
-- parameters: $agent_id
-- columns: note_id, agent_id, call_id, text, shown (0/1), who, created_at (UTC)
select
    n.note_id,
    n.agent_id,
    n.call_id,
    n.text,
    n.shown,
    n.who,
    n.created_at
from coaching_notes as n
where
    n.agent_id = $agent_id
    and n.withdraws is null
    and not exists (
        select 1
        from coaching_notes as later
        where later.withdraws = n.note_id
    )
order by n.note_id desc
