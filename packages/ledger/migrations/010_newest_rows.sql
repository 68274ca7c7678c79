-- The last row of each source in the order of the books, as far as can be seen.
create function ledger.newest_rows() returns table (source text, xid bigint, id bigint, at timestamptz) language sql stable as $$
  (select 'posting', p.xid, p.id, p.posted_at from ledger.posting p order by p.xid desc, p.id desc limit 1)
  union all
  (select 'attempt', a.xid, a.id, a.started_at from ledger.attempt a order by a.xid desc, a.id desc limit 1)
$$;
