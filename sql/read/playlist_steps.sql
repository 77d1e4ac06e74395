-- purpose: what was done to one playlist or to all, oldest first (store: reviews)
-- parameters: $playlist_id (null: all)
-- columns: those of playlist_steps
select
    playlist_id,
    number,
    step,
    title,
    audience,
    moment,
    call_id,
    start_s,
    end_s,
    good,
    note,
    place,
    who,
    created_at
from playlist_steps
where $playlist_id is null or playlist_id = $playlist_id
order by step_id
