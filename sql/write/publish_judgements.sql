-- purpose: stage the judgement of every call; a call's newest judgement wins (store: snapshot)
-- parameters: $files paths of judgement artefacts
-- columns: those of pipeline.model.Judgement, nested
create temp table staged_judgements as
select * exclude (filename)
from read_parquet($files, union_by_name = true, filename = true)
qualify row_number() over (
    partition by call_id
    order by
        judged_at desc,
        filename desc
) = 1
