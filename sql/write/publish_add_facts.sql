-- purpose: add a batch of rows read from artefacts, registered as batch (store: snapshot)
-- parameters: none
-- columns: those of staged_facts
insert into staged_facts by name
select *
from batch
