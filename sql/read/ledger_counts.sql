-- purpose: how many files are in which state (store: ledger)
-- parameters: none
-- columns: state, files
select
    state,
    count(*) as files
from file_states
group by state
order by state
