-- purpose: the score of every call of the staged judgements, one row each (store: snapshot)
-- parameters: none
-- columns: those of call_judgements
insert into call_judgements by name
select
    j.call_id,
    j.day,
    j.rulebook_version,
    j.score.scorecard_id as scorecard_id,
    j.score.scorecard_version as scorecard_version,
    j.score.total as score_total,
    j.score.fatal as fatal,
    j.score.passed as passed,
    list_reduce(
        j.topics,
        lambda best, next: if(next.confidence > best.confidence, next, best),
        {'topic': null, 'confidence': -1.0, 'evidence': []}
    ).topic as topic,
    j.judged_at
from staged_judgements as j
