create function notify.export_address(p_email text) returns table (workspace_id uuid, kind text, address text, created_at timestamptz, removed_at timestamptz)
language sql stable as $$
  select c.workspace_id, c.kind, c.address, c.created_at, c.removed_at from notify.channel c
  where c.kind = 'email' and lower(c.address) = lower(p_email)
$$;
