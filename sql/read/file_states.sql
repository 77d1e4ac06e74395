-- purpose: how many files are in which state
-- parameters: none
-- columns: state, files

select
    state,
    count(*) as files
from files
group by state
order by state;
