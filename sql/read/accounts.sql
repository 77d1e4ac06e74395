-- purpose: everybody who may sign in, with their last sign-in and open sessions (store: reviews)
-- parameters: $now (UTC)
-- columns: those of users, last_sign_in (UTC; by password or session, null: never), sessions (open now)
select
    u.name,
    u.display_name,
    u.role,
    u.agent_id,
    u.password_hash,
    u.password_temporary,
    u.disabled,
    u.created_at,
    (select max(s.created_at) from sessions as s where s.name = u.name) as last_sign_in,
    (
        select count(*)
        from sessions as s
        where s.name = u.name and s.ended_at is null and s.expires_at > $now
    ) as sessions
from users as u
order by u.name
