-- Of the subject of an erasure alone.
create or replace function ledger.postings_to_erase(p_workspace uuid, p_texts text[], p_pseudonym text)
returns table (xid bigint, id bigint) language sql stable as $$
  select p.xid, p.id from ledger.posting p
  where p.workspace_id = p_workspace and p.reason is not null and p.reason !~ '^erased-[0-9a-f]{12}$'
    and (p_texts is null or base.names_one_of(p.reason, p_texts))
$$;

-- The calls made for an end user, among so many attempts behind a place in the order of their ids, and where to go on; null: nothing is left.
drop function ledger.holds_of_user(uuid, text);
create function ledger.holds_of_user(p_workspace uuid, p_name text, p_after bigint, p_rows_max integer)
returns table (holds uuid[], through bigint) language sql stable as $$
  select coalesce(array_agg(distinct a.hold_id) filter (where substr(a.actor, nullif(strpos(a.actor, ' user:'), 0) + 6) = p_name), '{}'),
    max(a.id)
  from (select id, hold_id, actor from ledger.attempt where workspace_id = p_workspace and id > p_after order by id limit p_rows_max) a
$$;
