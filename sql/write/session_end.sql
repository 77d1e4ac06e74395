-- purpose: end one session, or all of a user (store: reviews)
-- parameters: $token_digest (null: all of $name), $name (null: whosoever holds it), $ended_at (UTC)
update sessions
set ended_at = $ended_at
where
    ended_at is null
    and ($token_digest is null or token_digest = $token_digest)
    and ($name is null or name = $name)
    and coalesce($token_digest, $name) is not null
