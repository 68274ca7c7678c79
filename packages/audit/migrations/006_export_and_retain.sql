-- What the audit log has of a person: what it did, and what was done to it.
create function audit.export_person(p_person text, p_after bigint, p_rows_max integer)
returns table (id bigint, at timestamptz, workspace_id uuid, actor text, action text, subject text, detail jsonb) language sql stable as $$
  select e.id, e.at, e.workspace_id, e.actor, e.action, e.subject, e.detail from audit.entry e
  where e.id > p_after and (e.actor = 'person:' || p_person or e.subject = 'person:' || p_person)
  order by e.id limit p_rows_max
$$;
