-- purpose: note which judgements of the staged files say what the snapshot holds already (store: snapshot)
-- parameters: none
-- columns: call_id, day, and what differs all the same: rulebook_version, judged_at
insert into staying by name
select
    s.call_id,
    s.day,
    s.rulebook_version,
    s.judged_at
from staged_judgements as s
inner join call_judgements as j on j.call_id = s.call_id and j.day = s.day and j.content = s.content
