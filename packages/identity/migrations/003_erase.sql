-- An erased workspace stays as a row, for the books refer to it, under a pseudonym and with nobody in it.
alter table identity.workspace add column erased_at timestamptz;

-- At once and as a whole: nobody gets in any more, and no name is left. Returns who belonged to it and now belongs nowhere.
create function identity.erase_workspace(p_workspace uuid, p_pseudonym text, p_now timestamptz) returns table (person_id uuid)
language plpgsql as $$
#variable_conflict use_column
declare
  v_members uuid[];
begin
  update identity.workspace set name = p_pseudonym, external_id = null, erased_at = coalesce(erased_at, p_now), changed_at = p_now
  where workspace_id = p_workspace;
  -- Every server is told of a changed key, none of one that is deleted.
  update identity.api_key set revoked_at = least(revoked_at, p_now) where workspace_id = p_workspace;
  delete from identity.api_key where workspace_id = p_workspace;
  delete from identity.invitation where workspace_id = p_workspace;
  with gone as (delete from identity.member where workspace_id = p_workspace returning person_id)
  select array_agg(person_id) into v_members from gone;
  update identity.person set works_in = null where works_in = p_workspace;
  return query select m from unnest(v_members) m where not exists (select from identity.member o where o.person_id = m);
end $$;

-- What is left of a person is its id in the books, which then is nobody's. Returns what else has to be looked for: its address, and where it was.
create function identity.erase_person(p_person uuid, out email text, out workspaces uuid[])
language plpgsql as $$
begin
  select case when p.is_anonymous then null else p.email end into email from identity.person p where p.id = p_person for update;
  select coalesce(array_agg(m.workspace_id), '{}') into workspaces from identity.member m where m.person_id = p_person;
  delete from identity.invitation i using identity.person p where p.id = p_person and i.email = lower(p.email);
  delete from identity.member where person_id = p_person;
  delete from identity.account where person_id = p_person;
  delete from identity.person where id = p_person;
end $$;


-- The workspaces that nobody but this person owns, and whether anybody else is in them.
create function identity.solely_owned(p_person uuid) returns table (workspace_id uuid, name text, others bigint) language sql stable as $$
  select w.workspace_id, w.name, (select count(*) from identity.member o where o.workspace_id = w.workspace_id and o.person_id <> p_person)
  from identity.member m join identity.workspace w on w.workspace_id = m.workspace_id
  where m.person_id = p_person and m.role = 'owner' and not exists (
    select from identity.member o where o.workspace_id = w.workspace_id and o.role = 'owner' and o.person_id <> p_person)
  order by w.workspace_id
$$;

create function identity.person_of(p_email text) returns uuid language sql stable as $$
  select id from identity.person where email = lower(p_email) and is_anonymous is not true
$$;

grant delete on identity.api_key to purser_work;
