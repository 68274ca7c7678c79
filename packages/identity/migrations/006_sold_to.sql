-- What a workspace is on, and since when its months count: for the package that takes subscribers over from the calendar.
create function identity.sold_to(p_workspace uuid) returns table (plan text, catalogue_version text, anchored_at timestamptz)
language sql stable as $$
  select plan, catalogue_version, anchored_at from identity.workspace where workspace_id = p_workspace
$$;
