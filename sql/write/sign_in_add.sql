-- purpose: note an attempt to sign in (store: reviews)
-- parameters: $name, $succeeded (0 or 1), $created_at (UTC)
insert into sign_ins (name, succeeded, created_at)
values ($name, $succeeded, $created_at)
