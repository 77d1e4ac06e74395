-- purpose: an empty table for the facts of every call, shaped like the Arrow table registered as batch (store: snapshot)
-- parameters: none
-- columns: those of pipeline.model.CallFacts, nested, plus call_id
create temp table staged_facts as
select *
from batch
limit 0
