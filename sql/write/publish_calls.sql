-- purpose: one row a call that was heard and judged since, where there is none yet; the path is where the ledger last
--          saw the file (store: snapshot)
-- parameters: none
-- columns: those of calls
insert into calls by name
select
    f.call_id,
    f.sha256,
    coalesce(p.path, f.path) as path,
    parse_filename(coalesce(p.path, f.path)) as file_name,
    f.started_at,
    f.agent_id,
    f.agent_name,
    f.team,
    f.queue,
    f.direction,
    f.caller_hash,
    f.previous_calls,
    f.line,
    coalesce(f.topic, j.topic) as topic,
    f.codec,
    f.sample_rate_hz,
    f.channels,
    f.layout,
    f.declared_s,
    f.decoded_s,
    f.damaged,
    f.warnings,
    f.role_confidence,
    f.fingerprint,
    j.rulebook_version,
    j.scorecard_id,
    j.scorecard_version,
    j.score_total,
    j.fatal,
    j.passed,
    f.analyzed_at,
    j.judged_at,
    f.agent_estimated_spl_db,
    f.agent_speech_rate_cpm,
    f.agent_talk_ratio,
    f.silence_ratio,
    f.longest_silence_s,
    f.overlap_ratio,
    f.agent_interruptions_count,
    f.agent_reply_latency_median_s,
    f.unmeasured,
    j.hits,
    coalesce(list_sum(list_transform(j.hits, lambda h: if(h.status = 'violated', h.findings, 0))), 0) as violated,
    coalesce(list_sum(list_transform(j.hits, lambda h: if(h.status = 'review', h.findings, 0))), 0) as review,
    coalesce(list_sum(list_transform(j.hits, lambda h: if(h.status = 'remedied', h.findings, 0))), 0) as remedied
from call_facts as f
inner join call_judgements as j on j.call_id = f.call_id and j.judged_at >= f.analyzed_at
left join done_files as p on p.call_id = f.call_id
anti join calls as c on c.call_id = f.call_id
order by
    f.started_at nulls first,
    f.call_id
