-- purpose: add a batch of rows read from artefacts, registered as batch (store: snapshot)
-- parameters: none
-- columns: those of staged_judgements
insert into staged_judgements by name
select *
from batch
