-- purpose: the version and time of judgements that stay as they are (store: snapshot)
-- parameters: none
update call_judgements
set
    rulebook_version = s.rulebook_version,
    judged_at = s.judged_at
from staying as s
where s.call_id = call_judgements.call_id
