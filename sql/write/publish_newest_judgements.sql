-- purpose: keep the judgement that is newest where a call is stored twice (in its own file and in one of many calls)
-- parameters: none
-- columns: those of staged_judgements
delete from staged_judgements
where rowid not in (
    select arg_max(rowid, (judged_at, rowid))
    from staged_judgements
    group by call_id
)
