-- purpose: note how current a day is (store: snapshot)
-- parameters: $kind (facts or judgements), $day, $digest
insert into stored_days (kind, day, digest)
values ($kind, $day, $digest)
