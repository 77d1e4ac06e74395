-- purpose: one row a call that was both heard and judged; the path is where the ledger last saw the file (store: snapshot)
-- parameters: none
-- columns: those of calls
insert into calls by name
with places as (
    select
        call_id,
        min(path) as path
    from files
    where state = 'done'
    group by call_id
)

select
    f.call_id,
    f.recording.sha256 as sha256,
    coalesce(p.path, f.recording.path) as path,
    parse_filename(coalesce(p.path, f.recording.path)) as file_name,
    f.recording.metadata.started_at as started_at,
    f.recording.metadata.agent_id as agent_id,
    f.recording.metadata.agent_name as agent_name,
    f.recording.metadata.team as team,
    f.recording.metadata.queue as queue,
    f.recording.metadata.direction as direction,
    f.recording.metadata.caller_hash as caller_hash,
    f.recording.metadata.previous_calls as previous_calls,
    f.recording.metadata.line as line,
    coalesce(
        f.recording.metadata.topic,
        list_reduce(
            j.topics,
            lambda best, next: if(next.confidence > best.confidence, next, best),
            {'topic': null, 'confidence': -1.0, 'evidence': []}
        ).topic
    ) as topic,
    f.audio.codec as codec,
    f.audio.sample_rate_hz as sample_rate_hz,
    f.audio.channels as channels,
    f.audio.layout as layout,
    f.audio.declared_s as declared_s,
    f.audio.decoded_s as decoded_s,
    f.audio.damaged as damaged,
    coalesce(f.audio.warnings, []) as warnings,
    f.role_confidence,
    f.engine.fingerprint as fingerprint,
    j.rulebook_version,
    j.score.scorecard_id as scorecard_id,
    j.score.scorecard_version as scorecard_version,
    j.score.total as score_total,
    j.score.fatal as fatal,
    j.score.passed as passed,
    f.analyzed_at,
    j.judged_at
from staged_facts as f
inner join staged_judgements as j on j.call_id = f.call_id
left join places as p on p.call_id = f.call_id
order by
    started_at nulls first,
    f.call_id
