-- purpose: who holds a session that has neither ended nor run out (store: reviews)
-- parameters: $token_digest, $now (UTC)
-- columns: those of users
select
    u.name,
    u.display_name,
    u.role,
    u.agent_id,
    u.password_hash,
    u.password_temporary,
    u.disabled,
    u.created_at
from sessions as s
inner join users as u on u.name = s.name
where
    s.token_digest = $token_digest
    and s.ended_at is null
    and s.expires_at > $now
    and u.disabled = 0
order by u.name
