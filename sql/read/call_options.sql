-- purpose: what the filters of the call list can offer beside what every page's can
-- parameters: none
-- columns: lines (list), longest_s (of the longest call)

select
    coalesce(list_sort(list(distinct line) filter (where line is not null)), []) as lines,
    coalesce(max(decoded_s), 0) as longest_s
from published.calls
order by longest_s;
