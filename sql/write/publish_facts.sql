-- purpose: stage the facts of every call; a call's newest facts win (store: snapshot)
-- parameters: $files paths of facts artefacts
-- columns: those of pipeline.model.CallFacts, nested, plus call_id
create temp table staged_facts as
select * exclude (filename)
from read_parquet($files, union_by_name = true, filename = true)
qualify row_number() over (
    partition by call_id
    order by
        analyzed_at desc,
        filename desc
) = 1
