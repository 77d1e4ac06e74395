-- purpose: forget how current a day is that has facts without a judgement, or a judgement without facts (store: snapshot)
-- parameters: none
delete from stored_days
where day in (
    select f.day
    from call_facts as f
    anti join calls as c on c.call_id = f.call_id
    union
    select j.day
    from call_judgements as j
    anti join calls as c on c.call_id = j.call_id
)
