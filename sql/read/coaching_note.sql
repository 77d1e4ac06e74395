-- purpose: one coaching note, whether it was taken back or not (store: reviews)
-- parameters: $note_id
-- columns: note_id, agent_id, withdraws, withdrawn (0/1)
select
    n.note_id,
    n.agent_id,
    n.withdraws,
    exists (
        select 1
        from coaching_notes as later
        where later.withdraws = n.note_id
    ) as withdrawn
from coaching_notes as n
where n.note_id = $note_id
order by n.note_id
