-- purpose: keep the facts that is newest where a call is stored twice (in its own file and in one of many calls)
-- parameters: none
-- columns: those of staged_facts
delete from staged_facts
where rowid not in (
    select arg_max(rowid, (analyzed_at, rowid))
    from staged_facts
    group by call_id
)
