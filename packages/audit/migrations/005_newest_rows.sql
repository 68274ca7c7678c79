-- The last row of each source that is sealed.
create function audit.newest_rows() returns table (source text, xid bigint, id bigint, at timestamptz) language sql stable as $$
  select source, xid, id, at from ledger.newest_rows()
  union all
  (select 'entry', e.xid, e.id, e.at from audit.entry e order by e.xid desc, e.id desc limit 1)
$$;
