-- purpose: one page of the call list (keyset paging) and how many calls match in all
-- parameters: $zone time zone name; $from_day, $to_day local dates, null: open; $agents, $topics, $families,
--   $statuses lists, empty: any; $min_score (included), $max_score (left out, but for 100) points, null: open; $text words in an utterance or a call id,
--   null: any; $sort newest, lowest, highest or longest; $after_value, $after_id the last row of the page before,
--   null: first page; $limit rows
-- columns: call_id, file_name, started_at (local), agent_id, agent_name, team, queue, topic, duration_s, score_total,
--   fatal, passed, damaged, layout, role_confidence, sort_value, violated, review, families (violated or for review),
--   hit_index, hit_start_s, hit_role, hit_text (first utterance with $text), total (matching calls)

with wanted as (
    select
        call_id,
        count(*) filter (where status = 'violated') as violated,
        count(*) filter (where status = 'review') as review,
        list_sort(list(distinct family) filter (where status in ('violated', 'review'))) as families,
        bool_or(
            (len($families) = 0 or list_contains($families, family))
            and (len($statuses) = 0 or list_contains($statuses, status))
        ) as asked_for
    from findings
    where status <> 'dropped'
    group by call_id
),

hits as (
    select
        call_id,
        min_by(struct_pack(i := utterance_index, s := start_s, r := role, t := text), utterance_index) as first
    from utterances
    where
        $text is not null
        and contains(lower(text), lower($text))
    group by call_id
),

matching as (
    select
        c.call_id,
        c.file_name,
        timezone($zone, c.started_at) as started_at,
        c.agent_id,
        c.agent_name,
        c.team,
        c.queue,
        c.topic,
        c.decoded_s as duration_s,
        c.score_total,
        c.fatal,
        c.passed,
        c.damaged,
        c.layout,
        c.role_confidence,
        case $sort
            when 'newest' then coalesce(epoch(c.started_at), -1e12)
            when 'lowest' then -coalesce(c.score_total, 1e6)
            when 'highest' then coalesce(c.score_total, -1e6)
            else c.decoded_s
        end as sort_value,
        coalesce(w.violated, 0) as violated,
        coalesce(w.review, 0) as review,
        coalesce(w.families, []) as families,
        h.first as hit
    from calls as c
    left join wanted as w on w.call_id = c.call_id
    left join hits as h on h.call_id = c.call_id
    where
        ($from_day is null or timezone($zone, c.started_at) >= cast($from_day as date))
        and ($to_day is null or timezone($zone, c.started_at) < cast($to_day as date) + interval 1 day)
        and (len($agents) = 0 or list_contains($agents, c.agent_id))
        and (len($topics) = 0 or list_contains($topics, c.topic))
        and ((len($families) = 0 and len($statuses) = 0) or coalesce(w.asked_for, false))
        and ($min_score is null or c.score_total >= $min_score)
        and ($max_score is null or c.score_total < $max_score or $max_score = 100)
        and (
            $text is null
            or h.call_id is not null
            or contains(lower(c.call_id), lower($text))
            or contains(lower(coalesce(c.agent_name, '')), lower($text))
        )
)

select
    call_id,
    file_name,
    started_at,
    agent_id,
    agent_name,
    team,
    queue,
    topic,
    duration_s,
    score_total,
    fatal,
    passed,
    damaged,
    layout,
    role_confidence,
    sort_value,
    violated,
    review,
    families,
    hit.i as hit_index,
    hit.s as hit_start_s,
    hit.r as hit_role,
    hit.t as hit_text,
    (select count(*) from matching) as total
from matching
where
    $after_value is null
    or sort_value < $after_value
    or (sort_value = $after_value and call_id > $after_id)
order by
    sort_value desc,
    call_id
limit $limit;
