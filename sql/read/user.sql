-- purpose: one user (store: reviews)
-- parameters: $name
-- columns: name, display_name, role, agent_id, password_hash, password_temporary, disabled (0 or 1), created_at (UTC)
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
where name = $name
order by name
