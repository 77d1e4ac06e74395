-- purpose: one page of the call list (keyset paging) and how many calls match in all
-- parameters: $zone time zone name; $from_day, $to_day local dates, null: open; $agents, $teams, $queues, $topics,
--   $families, $statuses, $severities (of findings that count), $results (passed, failed, fatal, unscored), $directions,
--   $lines, $weekdays (1 Monday .. 7, local), $hours (0..23, local) lists, empty: any; $reviewed boolean, null: any;
--   $min_score (included), $max_score (left out, but for 100) points; $min_s, $max_s seconds, both included; $min_cpm,
--   $max_cpm 字/分, $min_spl, $max_spl dB of the agent, lower ends included, upper ones left out; null: open;
--   $unmeasured, $reason a measure without a value and why, null: any; $text part of a call id or an agent's name, null:
--   no search; $words what was said (in small letters where $folded), null: not by words; $sounds code characters
--   (pipeline.sounds), null: not by sound; $role who said it, null: anybody; $sort newest, lowest, highest or longest;
--   $after_value, $after_id the last row of the page before, null: first page; $limit rows; $held ids of
--   the calls that the asking person is to score blind
-- columns: call_id, day, file_name, started_at (local), agent_id, agent_name, team, queue, topic, duration_s,
--   score_total, fatal, passed, reviewed, damaged, layout, role_confidence, sort_value, violated, review, families
--   (violated or for review), hits_found (utterances with the words), held (it is to be scored blind: nothing is told
--   of its judgement), total (matching calls)

-- not materialized: a filter reads the few columns that it needs, and only a page of rows is read whole
with listed as not materialized (
    select *
    from decided.results
    union all by name
    -- calls that are scored blind count in no average, but are in the list, as they were judged automatically; for who
    -- scores them, without any judgement
    select
        * replace (
            if(list_contains($held, call_id), null, score_total) as score_total,
            if(list_contains($held, call_id), null, passed) as passed,
            if(list_contains($held, call_id), false, fatal) as fatal,
            if(list_contains($held, call_id), [], hits) as hits,
            if(list_contains($held, call_id), 0, violated) as violated,
            if(list_contains($held, call_id), 0, review) as review,
            if(list_contains($held, call_id), 0, remedied) as remedied
        ),
        if(list_contains($held, call_id), null, score_total) as automatic_total,
        false as reviewed
    from published.calls
    where call_id in (select o.call_id from decided.left_out as o)
),

chosen as not materialized (
    select
        call_id,
        agent_name,
        case $sort
            when 'newest' then coalesce(epoch(started_at), -1e12)
            when 'lowest' then -coalesce(score_total, 1e6)
            when 'highest' then coalesce(score_total, -1e6)
            else decoded_s
        end as sort_value
    from listed
    where
        (
            $from_day is null
            or started_at >= timezone($zone, cast(cast($from_day as date) as timestamp))
        )
        and (
            $to_day is null
            or started_at < timezone($zone, cast(cast($to_day as date) + interval 1 day as timestamp))
        )
        and (len($agents) = 0 or list_contains($agents, agent_id))
        and (len($teams) = 0 or list_contains($teams, team))
        and (len($queues) = 0 or list_contains($queues, queue))
        and (len($topics) = 0 or list_contains($topics, topic))
        and (len($directions) = 0 or list_contains($directions, direction))
        and (len($lines) = 0 or list_contains($lines, line))
        and (len($weekdays) = 0 or list_contains($weekdays, isodow(timezone($zone, started_at))))
        and (len($hours) = 0 or list_contains($hours, hour(timezone($zone, started_at))))
        and (
            (len($families) = 0 and len($statuses) = 0 and len($severities) = 0)
            or len(
                list_filter(
                    hits,
                    lambda h: (len($families) = 0 or list_contains($families, h.family))
                    and (len($statuses) = 0 or list_contains($statuses, h.status))
                    and (len($severities) = 0 or list_contains($severities, h.severity))
                )
            ) > 0
        )
        and (
            len($results) = 0
            or (list_contains($results, 'passed') and passed)
            or (list_contains($results, 'failed') and not passed)
            or (list_contains($results, 'fatal') and fatal)
            or (list_contains($results, 'unscored') and score_total is null)
        )
        and ($reviewed is null or reviewed = $reviewed)
        and ($min_score is null or score_total >= $min_score)
        and ($max_score is null or score_total < $max_score or $max_score = 100)
        and ($min_s is null or decoded_s >= $min_s)
        and ($max_s is null or decoded_s <= $max_s)
        and ($min_cpm is null or agent_speech_rate_cpm >= $min_cpm)
        and ($max_cpm is null or agent_speech_rate_cpm < $max_cpm)
        and ($min_spl is null or agent_estimated_spl_db >= $min_spl)
        and ($max_spl is null or agent_estimated_spl_db < $max_spl)
        and (
            $unmeasured is null
            or len(
                list_filter(unmeasured, lambda m: m.name = $unmeasured and ($reason is null or m.reason = $reason))
            ) > 0
        )
),

said as (
    select
        call_id,
        count(*) as hits_found
    from published.utterances
    where
        $text is not null
        -- a day's folder is named in the call's own zone: one more day on each side
        and ($from_day is null or day >= strftime(cast($from_day as date) - interval 1 day, '%Y-%m-%d'))
        and ($to_day is null or day <= strftime(cast($to_day as date) + interval 1 day, '%Y-%m-%d'))
        and ($role is null or role = $role)
        and (
            ($words is not null and contains(if($folded, lower(text), text), $words))
            or ($sounds is not null and contains(sounds, $sounds))
        )
    group by call_id
),

matching as materialized (
    select
        c.call_id,
        c.sort_value,
        coalesce(s.hits_found, 0) as hits_found
    from chosen as c
    left join said as s on s.call_id = c.call_id
    where
        $text is null
        or s.call_id is not null
        or (
            $role is null
            and (
                contains(lower(c.call_id), lower($text))
                or contains(lower(coalesce(c.agent_name, '')), lower($text))
            )
        )
),

page as materialized (
    select
        call_id,
        sort_value,
        hits_found
    from matching
    where
        $after_value is null
        or sort_value < $after_value
        or (sort_value = $after_value and call_id > $after_id)
    order by
        sort_value desc,
        call_id
    limit $limit
)

select
    c.call_id,
    coalesce(f.day, 'undated') as day,
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
    c.reviewed,
    c.damaged,
    c.layout,
    c.role_confidence,
    p.sort_value,
    c.violated,
    c.review,
    list_sort(
        list_distinct(
            list_transform(
                list_filter(c.hits, lambda h: h.status in ('violated', 'review')),
                lambda h: h.family
            )
        )
    ) as families,
    p.hits_found,
    list_contains($held, p.call_id) as held,
    (select count(*) from matching) as total
from page as p
inner join listed as c on c.call_id = p.call_id
left join published.call_facts as f on f.call_id = p.call_id
order by
    p.sort_value desc,
    p.call_id;
