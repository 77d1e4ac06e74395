-- purpose: the first utterances with the words that were searched for, of the calls of one page
-- parameters: $call_ids, $days (lists: the page's calls and the days they lie in); $words, $folded, $sounds, $role as in
--   calls_page; $per_call how many of each call
-- columns: call_id, utterance_index, start_s, role, text

select
    call_id,
    utterance_index,
    start_s,
    role,
    text
from published.utterances
where
    list_contains($days, day)
    and list_contains($call_ids, call_id)
    and ($role is null or role = $role)
    and (
        ($words is not null and contains(if($folded, lower(text), text), $words))
        or ($sounds is not null and contains(sounds, $sounds))
    )
qualify row_number() over (
    partition by call_id
    order by utterance_index
) <= $per_call
order by
    call_id,
    utterance_index;
