-- purpose: what lists, averages and filters ask of every call stands in the call's own row, so that a year is read at once

-- Filled from the facts of a day. Names and units are those of call_measures.
alter table call_facts add column agent_estimated_spl_db double;
alter table call_facts add column agent_speech_rate_cpm double;
alter table call_facts add column agent_talk_ratio double;
alter table call_facts add column silence_ratio double;
alter table call_facts add column longest_silence_s double;
alter table call_facts add column overlap_ratio double;
alter table call_facts add column agent_interruptions_count double;
alter table call_facts add column agent_reply_latency_median_s double;
alter table call_facts add column unmeasured struct(name varchar, reason varchar)[];

-- Filled from the judgements of a day: findings that count somewhere (none that was dropped), by what they are.
alter table call_judgements add column hits struct(family varchar, severity varchar, status varchar, findings integer)[];

alter table calls add column agent_estimated_spl_db double;
alter table calls add column agent_speech_rate_cpm double;
alter table calls add column agent_talk_ratio double;
alter table calls add column silence_ratio double;
alter table calls add column longest_silence_s double;
alter table calls add column overlap_ratio double;
alter table calls add column agent_interruptions_count double;
alter table calls add column agent_reply_latency_median_s double;
alter table calls add column unmeasured struct(name varchar, reason varchar)[];
alter table calls add column hits struct(family varchar, severity varchar, status varchar, findings integer)[];
alter table calls add column violated integer;
alter table calls add column review integer;
alter table calls add column remedied integer;
