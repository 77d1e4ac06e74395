-- purpose: a new user (store: reviews)
-- parameters: $name, $display_name, $role, $agent_id, $password_hash, $created_at (UTC)
insert into users (name, display_name, role, agent_id, password_hash, disabled, created_at)
values ($name, $display_name, $role, $agent_id, $password_hash, 0, $created_at)
