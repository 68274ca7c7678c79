-- What is kept of a person, as it is handed out.
create function identity.export_person(p_person uuid) returns table (id uuid, email text, created_at timestamptz, anonymous boolean)
language sql stable as $$
  select p.id, case when p.is_anonymous then null else p.email end, p.created_at, coalesce(p.is_anonymous, false)
  from identity.person p where p.id = p_person
$$;

create function identity.export_memberships(p_person uuid) returns table (workspace_id uuid, workspace text, role text, joined_at timestamptz)
language sql stable as $$
  select m.workspace_id, w.name, m.role, m.joined_at
  from identity.member m left join identity.workspace w using (workspace_id) where m.person_id = p_person order by m.joined_at
$$;

create function identity.export_invitations(p_email text)
returns table (invitation_id uuid, workspace_id uuid, role text, invited_at timestamptz, expires_at timestamptz) language sql stable as $$
  select i.invitation_id, i.workspace_id, i.role, i.invited_at, i.expires_at from identity.invitation i where i.email = lower(p_email)
$$;

-- What had its time: hashes of addresses, sessions and links that are over, and invitations nobody answered for a month after.
create function identity.forget_expired(p_now timestamptz, p_rows_max integer) returns integer language plpgsql as $$
declare
  v_rows integer;
  v_total integer;
begin
  delete from identity.occasion where ctid = any (array(select ctid from identity.occasion where expires_at < p_now limit p_rows_max));
  get diagnostics v_total = row_count;
  delete from identity.sealed_entry where name = any (
    array(select name from identity.sealed_entry where expires_at < p_now limit p_rows_max for update skip locked));
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  delete from identity.invitation where invitation_id = any (
    array(select invitation_id from identity.invitation where expires_at < p_now - interval '30 days' limit p_rows_max for update skip locked));
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;

-- A workspace as an operator names it, by its id or the founder's own.
create function identity.workspace_named(p_name text) returns table (workspace_id uuid, name text) language sql stable as $$
  select w.workspace_id, w.name from identity.workspace w
  where w.erased_at is null and (w.workspace_id::text = lower(p_name) or w.external_id = p_name)
$$;
