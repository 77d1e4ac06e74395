-- purpose: where the file of each call is, as far as the ledger knows; of several places the first by name
-- columns: call_id, path
create view done_files as
select
    call_id,
    min(path) as path
from files
where state = 'done'
group by call_id
