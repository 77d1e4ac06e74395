-- purpose: a session begins (store: reviews)
-- parameters: $token_digest, $name, $created_at, $expires_at (UTC)
insert into sessions (token_digest, name, created_at, expires_at)
values ($token_digest, $name, $created_at, $expires_at)
