-- purpose: an empty table for the judgement of every call, shaped like the Arrow table registered as batch (store: snapshot)
-- parameters: none
-- columns: those of pipeline.model.Judgement, nested, plus call_id
create temp table staged_judgements as
select *
from batch
limit 0
