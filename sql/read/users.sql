-- purpose: all users, by name (store: reviews)
-- parameters: none
-- columns: those of users
select
    name,
    display_name,
    role,
    agent_id,
    password_hash,
    password_temporary,
    disabled,
    created_at
from users
order by name
