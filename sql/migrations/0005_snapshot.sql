-- purpose: what a judgement says, as one number, so that a publish leaves the rows of judgements that say the same

-- A digest of findings, score and topics; neither the version of the rulebook nor the time counts. Only publish reads it.
alter table call_judgements add column content ubigint;
