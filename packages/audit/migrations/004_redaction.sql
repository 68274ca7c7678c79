-- A text of a person that lies in a sealed row can be erased, and the chain still proves the rest.
--
-- What an erasure may replace (the name in an actor, free text) is one thing, the facts of a row (who, when, how much) another. From
-- here on a part is sealed with two digests: of its whole lines, and of their facts alone; the block's digest covers both. An erasure
-- replaces texts, and leaves behind here what the digest of the lines was before and is since. The facts' digest never changes, so
-- nobody alters an amount under the name of an erasure. Parts sealed before have no digest of facts.
alter table audit.block_part add column facts bytea check (octet_length(facts) = 32);

create table audit.redaction (
  seq           bigint      not null,
  source        text        not null,
  ordinal       integer     not null check (ordinal > 0),
  erasure_id    uuid        not null,
  rows          integer     not null check (rows > 0),
  digest_before bytea       not null check (octet_length(digest_before) = 32),
  digest_after  bytea       not null check (octet_length(digest_after) = 32),
  redacted_at   timestamptz not null,
  primary key (seq, source, ordinal),
  foreign key (seq, source) references audit.block_part
);
alter table audit.redaction enable row level security;
create policy all_rows on audit.redaction for select to purser_work using (true);
create policy new_rows on audit.redaction for insert to purser_work with check (true);
grant select, insert on audit.redaction to purser_work;
create trigger append_only before update or delete or truncate on audit.redaction
  for each statement execute function ledger.refuse_change();
alter table audit.redaction enable always trigger append_only;

create function audit.entry_facts(
  p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer
) returns table (xid bigint, id bigint, line text) language sql stable as $$
  select e.xid, e.id, json_build_array('entry', e.xid, e.id, e.workspace_id, e.at at time zone 'UTC', e.actor, e.action)::text
  from audit.entry e
  where (e.xid, e.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (e.xid, e.id) <= (p_through_xid, p_through_id)
  order by e.xid, e.id
  limit p_rows_max
$$;

-- Whether a text could be about a person. An id, a number, a time, a plan's code under its own name and a word of our own are not.
create function audit.is_neutral(p_key text, p_text text) returns boolean language sql immutable parallel safe as $$
  select p_text ~ '^erased-[0-9a-f]{12}$' or coalesce(p_key <> all (array['name', 'external_id', 'email', 'reason', 'address', 'team', 'text', 'title', 'why']), true) and (
    p_text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' or p_text ~ '^-?[0-9.]{1,40}$'
    or p_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$'
    or p_text ~ '^[a-z]+:([0-9a-f-]{36}|erased-[0-9a-f]{12})$' or p_text ~ '^block:[0-9]+$'
    or p_text ~ '^(stripe:)?(in|sub|evt|pi|ch|cs|cus|re|dp|du)_[A-Za-z0-9_]{1,100}$'
    or p_text = any (array['', 'platform', 'owner', 'admin', 'member', 'operator', 'active', 'grace', 'degraded', 'cancelled'])
    or coalesce(p_key = any (array['plan', 'kind', 'type', 'prefix', 'license', 'unit', 'currency', 'timezone', 'source',
      'digest_before', 'digest_after']), false))
$$;

-- Without texts: whatever is not neutral. A text with an `@` counts wherever it stands, for it is somebody's address; another when it is the whole.
create function audit.holds_text(p_key text, p_text text, p_texts text[]) returns boolean language sql immutable parallel safe as $$
  select case when p_texts is null then not audit.is_neutral(p_key, p_text)
    else exists (select from unnest(p_texts) t
      where lower(p_text) = lower(t) or lower(p_text) like '%:' || replace(replace(replace(lower(t), '\', '\\'), '%', '\%'), '_', '\_')
        or (strpos(t, '@') > 0 and strpos(lower(p_text), lower(t)) > 0)) end
$$;

-- The same value with the texts of persons replaced: every one that is not neutral, or, when texts are given, the members that hold one.
create function audit.without_texts(p_key text, p_value jsonb, p_texts text[], p_pseudonym text) returns jsonb
language sql immutable parallel safe as $$
  select case jsonb_typeof(p_value)
    when 'object' then (
      select coalesce(jsonb_object_agg(
        case when p_texts is not null and exists (select from unnest(p_texts) t where lower(k) = lower(t)) then p_pseudonym else k end,
        audit.without_texts(k, v, p_texts, p_pseudonym)), '{}') from jsonb_each(p_value) m (k, v))
    when 'array' then (
      select coalesce(jsonb_agg(audit.without_texts(p_key, v, p_texts, p_pseudonym) order by n), '[]')
      from jsonb_array_elements(p_value) with ordinality m (v, n))
    when 'string' then case when audit.holds_text(p_key, p_value #>> '{}', p_texts) then to_jsonb(p_pseudonym) else p_value end
    else p_value end
$$;

create function audit.entries_to_erase(p_workspace uuid, p_texts text[], p_pseudonym text)
returns table (xid bigint, id bigint) language sql stable as $$
  select e.xid, e.id from audit.entry e
  where (p_workspace is null or e.workspace_id = p_workspace)
    and (p_texts is null or exists (select from unnest(p_texts) t where strpos(lower(e.subject || e.detail::text), lower(t)) > 0))
    and (audit.without_texts(null, e.detail, p_texts, p_pseudonym) <> e.detail or audit.holds_text(null, e.subject, p_texts))
$$;

-- `p_workspace` null: in the whole log, which only ever goes with texts.
create function audit.erase_entries(
  p_workspace uuid, p_texts text[], p_pseudonym text, p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint
) returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_rows integer;
begin
  if p_workspace is null and p_texts is null then raise exception 'an erasure is of a workspace or of given texts'; end if;
  perform set_config('purser.erasing', 'audit.entry', true);
  update audit.entry e
  set detail = audit.without_texts(null, e.detail, p_texts, p_pseudonym),
      subject = case when audit.holds_text(null, e.subject, p_texts) then split_part(e.subject, ':', 1) || ':' || p_pseudonym else e.subject end
  from audit.entries_to_erase(p_workspace, p_texts, p_pseudonym) f
  where e.xid = f.xid and e.id = f.id
    and (e.xid, e.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (e.xid, e.id) <= (p_through_xid, p_through_id);
  get diagnostics v_rows = row_count;
  perform set_config('purser.erasing', '', true);
  return v_rows;
end $$;

-- Which parts of a source hold rows of these positions; a row that is not sealed yet is in none, and comes as the part null.
create function audit.parts_of(p_source text, p_xids bigint[], p_ids bigint[]) returns table (seq bigint) language sql stable as $$
  select distinct p.seq from unnest(p_xids, p_ids) r (xid, id)
  left join lateral (
    select b.seq from audit.block_part b where b.source = p_source and (b.through_xid, b.through_id) >= (r.xid, r.id)
    order by b.through_xid, b.through_id limit 1) p on true
$$;

revoke execute on function audit.erase_entries(uuid, text[], text, bigint, bigint, bigint, bigint) from public;
grant execute on function audit.erase_entries(uuid, text[], text, bigint, bigint, bigint, bigint) to purser_work;
