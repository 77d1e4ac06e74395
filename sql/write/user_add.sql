-- purpose: a new user (store: reviews)
-- parameters: $name, $display_name, $role, $agent_id, $password_hash, $password_temporary (0 or 1), $created_at (UTC)
insert into users (name, display_name, role, agent_id, password_hash, password_temporary, disabled, created_at)
values ($name, $display_name, $role, $agent_id, $password_hash, $password_temporary, 0, $created_at)
