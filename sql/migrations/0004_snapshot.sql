-- purpose: rows lie by day; the day in each of them lets a search of a month, and one call's page, read little of the rest

-- day: the folder of the artefacts (YYYY-MM-DD in the call's own zone, or undated), as in call_facts and call_judgements
alter table call_measures add column day varchar;
alter table utterances add column day varchar;
alter table events add column day varchar;
alter table waveforms add column day varchar;
alter table findings add column day varchar;
alter table score_sections add column day varchar;
alter table score_items add column day varchar;
alter table topics add column day varchar;
