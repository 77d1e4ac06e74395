-- purpose: what changes of a user (store: reviews)
-- parameters: $name, $display_name, $role, $agent_id, $password_hash,
--   $password_temporary (0 or 1), $disabled (0 or 1)
update users
set
    display_name = $display_name,
    role = $role,
    agent_id = $agent_id,
    password_hash = $password_hash,
    password_temporary = $password_temporary,
    disabled = $disabled
where name = $name
