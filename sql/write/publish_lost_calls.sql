-- purpose: take away calls that are not both heard and judged since any more (store: snapshot)
-- parameters: none
delete from calls
where call_id not in (
    select f.call_id
    from call_facts as f
    inner join call_judgements as j on j.call_id = f.call_id and j.judged_at >= f.analyzed_at
)
