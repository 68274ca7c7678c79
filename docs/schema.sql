-- What the migrations of all packages add up to. Written by `npm run schema`, compared by schema.db.test.ts.

create schema audit;
grant usage on schema audit to purser_app;
grant usage on schema audit to purser_work;

create table audit.block (
  seq bigint not null,
  previous bytea not null,
  sealed_at timestamp with time zone not null,
  digest bytea not null,
  constraint block_pkey PRIMARY KEY (seq),
  constraint block_digest_check CHECK ((octet_length(digest) = 32)),
  constraint block_previous_check CHECK ((octet_length(previous) = 32)),
  constraint block_seq_check CHECK ((seq > 0))
);
alter table audit.block enable row level security;
create policy all_rows on audit.block for select to purser_work using (true);
create policy new_rows on audit.block for insert to purser_work with check (true);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.block FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
grant insert, select on audit.block to purser_work;

create table audit.block_part (
  seq bigint not null,
  source text not null,
  after_xid bigint,
  after_id bigint,
  through_xid bigint not null,
  through_id bigint not null,
  rows integer not null,
  digest bytea not null,
  facts bytea,
  constraint block_part_pkey PRIMARY KEY (seq, source),
  constraint block_part_seq_fkey FOREIGN KEY (seq) REFERENCES audit.block(seq),
  constraint block_part_check CHECK (((after_xid IS NULL) = (after_id IS NULL))),
  constraint block_part_check1 CHECK (((after_xid IS NULL) OR (ROW(through_xid, through_id) > ROW(after_xid, after_id)))),
  constraint block_part_digest_check CHECK ((octet_length(digest) = 32)),
  constraint block_part_facts_check CHECK ((octet_length(facts) = 32)),
  constraint block_part_rows_check CHECK ((rows > 0)),
  constraint block_part_source_check CHECK ((source = ANY (ARRAY['entry'::text, 'posting'::text, 'attempt'::text])))
);
CREATE INDEX block_part_of_source ON audit.block_part USING btree (source, through_xid, through_id);
alter table audit.block_part enable row level security;
create policy all_rows on audit.block_part for select to purser_work using (true);
create policy new_rows on audit.block_part for insert to purser_work with check (true);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.block_part FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
grant insert, select on audit.block_part to purser_work;

create table audit.entry (
  id bigint generated always as identity not null,
  workspace_id uuid not null,
  at timestamp with time zone not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null,
  xid bigint default ledger.transaction_number() not null,
  constraint entry_pkey PRIMARY KEY (xid, id),
  constraint entry_action_check CHECK (((action <> ''::text) AND (length(action) <= 100))),
  constraint entry_actor_check CHECK (((actor <> ''::text) AND (length(actor) <= 300))),
  constraint entry_detail_check CHECK ((octet_length((detail)::text) <= 16384)),
  constraint entry_subject_check CHECK (((subject <> ''::text) AND (length(subject) <= 300)))
);
CREATE INDEX entry_of_subject ON audit.entry USING btree (subject, id);
CREATE INDEX entry_of_workspace ON audit.entry USING btree (workspace_id, id);
alter table audit.entry enable row level security;
create policy all_rows on audit.entry for select to purser_work using (true);
create policy new_rows on audit.entry for insert to purser_work with check (true);
create policy own_deeds on audit.entry for insert to purser_app with check ((workspace_id = base.current_workspace()));
create policy own_rows on audit.entry for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entry FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
grant select on audit.entry to purser_app;
grant select on audit.entry to purser_work;

create table audit.redaction (
  seq bigint not null,
  source text not null,
  ordinal integer not null,
  erasure_id uuid not null,
  rows integer not null,
  digest_before bytea not null,
  digest_after bytea not null,
  redacted_at timestamp with time zone not null,
  constraint redaction_pkey PRIMARY KEY (seq, source, ordinal),
  constraint redaction_seq_source_fkey FOREIGN KEY (seq, source) REFERENCES audit.block_part(seq, source),
  constraint redaction_digest_after_check CHECK ((octet_length(digest_after) = 32)),
  constraint redaction_digest_before_check CHECK ((octet_length(digest_before) = 32)),
  constraint redaction_ordinal_check CHECK ((ordinal > 0)),
  constraint redaction_rows_check CHECK ((rows > 0))
);
alter table audit.redaction enable row level security;
create policy all_rows on audit.redaction for select to purser_work using (true);
create policy new_rows on audit.redaction for insert to purser_work with check (true);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.redaction FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
grant insert, select on audit.redaction to purser_work;

CREATE OR REPLACE FUNCTION audit.adopt_restored()
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  if coalesce(audit.newest_transaction_number() < ledger.next_transaction_number(), true) then return false; end if;
  lock table audit.entry, audit.block in share row exclusive mode;
  perform ledger.lift_transaction_numbers(audit.newest_transaction_number());
  return true;
end $function$;

CREATE OR REPLACE FUNCTION audit.entries_to_erase(p_workspace uuid, p_texts text[], p_pseudonym text)
 RETURNS TABLE(xid bigint, id bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select e.xid, e.id from audit.entry e
  where (p_workspace is null or e.workspace_id = p_workspace)
    and (p_texts is null or exists (select from unnest(p_texts) t where strpos(lower(e.subject || e.detail::text), lower(t)) > 0))
    and (audit.without_texts(null, e.detail, p_texts, p_pseudonym) <> e.detail or audit.holds_text(null, e.subject, p_texts))
$function$;

CREATE OR REPLACE FUNCTION audit.entry_facts(p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer)
 RETURNS TABLE(xid bigint, id bigint, line text)
 LANGUAGE sql
 STABLE
AS $function$
  select e.xid, e.id, json_build_array('entry', e.xid, e.id, e.workspace_id, e.at at time zone 'UTC', e.actor, e.action)::text
  from audit.entry e
  where (e.xid, e.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (e.xid, e.id) <= (p_through_xid, p_through_id)
  order by e.xid, e.id
  limit p_rows_max
$function$;

CREATE OR REPLACE FUNCTION audit.entry_lines(p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer)
 RETURNS TABLE(xid bigint, id bigint, line text)
 LANGUAGE sql
 STABLE
AS $function$
  select e.xid, e.id, json_build_array(
    'entry', e.xid, e.id, e.workspace_id, e.at at time zone 'UTC', e.actor, e.action, e.subject, e.detail)::text
  from audit.entry e
  where (e.xid, e.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (e.xid, e.id) <= (p_through_xid, p_through_id)
  order by e.xid, e.id
  limit p_rows_max
$function$;

CREATE OR REPLACE FUNCTION audit.erase_entries(p_workspace uuid, p_texts text[], p_pseudonym text, p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
end $function$;
grant execute on function audit.erase_entries(uuid,text[],text,bigint,bigint,bigint,bigint) to purser_work;

CREATE OR REPLACE FUNCTION audit.export_person(p_person text, p_after bigint, p_rows_max integer)
 RETURNS TABLE(id bigint, at timestamp with time zone, workspace_id uuid, actor text, action text, subject text, detail jsonb)
 LANGUAGE sql
 STABLE
AS $function$
  select e.id, e.at, e.workspace_id, e.actor, e.action, e.subject, e.detail from audit.entry e
  where e.id > p_after and (e.actor = 'person:' || p_person or e.subject = 'person:' || p_person)
  order by e.id limit p_rows_max
$function$;

CREATE OR REPLACE FUNCTION audit.holds_text(p_key text, p_text text, p_texts text[])
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when p_texts is null then not audit.is_neutral(p_key, p_text) else base.names_one_of(p_text, p_texts) end
$function$;

CREATE OR REPLACE FUNCTION audit.is_neutral(p_key text, p_text text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select p_text ~ '^erased-[0-9a-f]{12}$' or coalesce(p_key <> all (array['name', 'external_id', 'email', 'reason', 'address', 'team', 'text', 'title', 'why']), true) and (
    p_text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' or p_text ~ '^-?[0-9.]{1,40}$'
    or p_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$'
    or p_text ~ '^[a-z]+:([0-9a-f-]{36}|erased-[0-9a-f]{12})$' or p_text ~ '^block:[0-9]+$'
    or p_text ~ '^(stripe:)?(in|sub|evt|pi|ch|cs|cus|re|dp|du)_[A-Za-z0-9_]{1,100}$'
    or p_text = any (array['', 'platform', 'owner', 'admin', 'member', 'operator', 'active', 'grace', 'degraded', 'cancelled'])
    or coalesce(p_key = any (array['plan', 'kind', 'type', 'prefix', 'license', 'unit', 'currency', 'timezone', 'source',
      'digest_before', 'digest_after']), false))
$function$;

CREATE OR REPLACE FUNCTION audit.newest_rows()
 RETURNS TABLE(source text, xid bigint, id bigint, at timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
  select source, xid, id, at from ledger.newest_rows()
  union all
  (select 'entry', e.xid, e.id, e.at from audit.entry e order by e.xid desc, e.id desc limit 1)
$function$;

CREATE OR REPLACE FUNCTION audit.newest_transaction_number()
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select greatest(ledger.newest_transaction_number(), (select max(xid) from audit.entry), (select max(through_xid) from audit.block_part))
$function$;

CREATE OR REPLACE FUNCTION audit.parts_of(p_source text, p_xids bigint[], p_ids bigint[])
 RETURNS TABLE(seq bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select distinct p.seq from unnest(p_xids, p_ids) r (xid, id)
  left join lateral (
    select b.seq from audit.block_part b where b.source = p_source and (b.through_xid, b.through_id) >= (r.xid, r.id)
    order by b.through_xid, b.through_id limit 1) p on true
$function$;

CREATE OR REPLACE FUNCTION audit.without_texts(p_key text, p_value jsonb, p_texts text[], p_pseudonym text)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$;

create schema base;
grant usage on schema base to purser_app;
grant usage on schema base to purser_work;

create table base.access_rule (
  key text not null,
  statement text not null,
  constraint access_rule_pkey PRIMARY KEY (key)
);

create table base.installation (
  only_row boolean default true not null,
  id uuid default gen_random_uuid() not null,
  constraint installation_pkey PRIMARY KEY (only_row),
  constraint installation_only_row_check CHECK (only_row)
);
grant select on base.installation to purser_work;

create table base.migration (
  room text not null,
  number integer not null,
  name text not null,
  sha256 text not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  constraint migration_pkey PRIMARY KEY (room, number)
);

create table base.write_check (
  only_row boolean default true not null,
  checked_at timestamp with time zone default clock_timestamp() not null,
  constraint write_check_pkey PRIMARY KEY (only_row),
  constraint write_check_only_row_check CHECK (only_row)
);
grant select, update on base.write_check to purser_work;

CREATE OR REPLACE FUNCTION base.current_access()
 RETURNS TABLE(key text, statement text)
 LANGUAGE sql
 STABLE
AS $function$
  with spaces as (
    select n.oid, n.nspname from pg_namespace n where n.nspname in (select room from base.migration)
  ), relations as (
    select c.oid, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, format('%I.%I', s.nspname, c.relname) as name
    from pg_class c join spaces s on s.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'S')
  ), granted as (
    select case relkind when 'S' then 'sequence ' else '' end || name as target, '' as columns, relacl as list from relations
    union all
    select r.name, ' (' || quote_ident(a.attname) || ')', a.attacl
    from pg_attribute a join relations r on r.oid = a.attrelid where a.attnum > 0 and not a.attisdropped and a.attacl is not null
    union all
    select 'schema ' || quote_ident(nspname), '', nspacl from pg_namespace where oid in (select oid from spaces)
    union all
    select 'function ' || p.oid::regprocedure::text, '', p.proacl from pg_proc p where p.pronamespace in (select oid from spaces)
  )
  select 'row-level security of ' || name, format('alter table %s enable row level security', name) from relations where relrowsecurity
  union all
  select 'forced row-level security of ' || name, format('alter table %s force row level security', name) from relations where relforcerowsecurity
  union all
  select format('policy %I on %s', p.polname, r.name), format('create policy %I on %s as %s for %s to %s%s%s', p.polname, r.name,
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end,
    case when p.polroles = '{0}' then 'public' else (select string_agg(role::regrole::text, ', ') from unnest(p.polroles) role) end,
    ' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
  from pg_policy p join relations r on r.oid = p.polrelid
  union all
  select statement, statement from (
    select format('grant %s%s on %s to %s', lower(acl.privilege_type), columns, target, acl.grantee::regrole) as statement
    from granted, aclexplode(list) acl
    where acl.grantee in (select oid from pg_roles where rolname in ('purser_app', 'purser_work'))) one
  union all
  -- A function is everybody's unless that is taken back.
  select 'not everybody: function ' || p.oid::regprocedure::text, format('revoke execute on function %s from public', p.oid::regprocedure)
  from pg_proc p
  where p.pronamespace in (select oid from spaces) and p.proacl is not null
    and not exists (select from aclexplode(p.proacl) acl where acl.grantee = 0 and acl.privilege_type = 'EXECUTE')
$function$;

CREATE OR REPLACE FUNCTION base.current_workspace()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select nullif(nullif(current_setting('purser.workspace_id', true), ''), '00000000-0000-0000-0000-000000000000')::uuid $function$;

CREATE OR REPLACE FUNCTION base.installation_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$ select id from base.installation $function$;

CREATE OR REPLACE FUNCTION base.names_one_of(p_text text, p_texts text[])
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select exists (select from unnest(p_texts) t where case when strpos(t, '@') = 0
    then p_text = t or regexp_replace(p_text, '^(credits:)?[a-z_]+:', '') = t
    else strpos(lower(p_text), lower(t)) > 0 and lower(p_text) ~
      ('(?<![[:alnum:]._+-])' || regexp_replace(lower(t), '([^[:alnum:]])', '\\\1', 'g') || '(?![[:alnum:]_+-]|[.@][[:alnum:]])') end)
$function$;

create schema campaigns;
grant usage on schema campaigns to purser_app;
grant usage on schema campaigns to purser_work;

create table campaigns.campaign (
  workspace_id uuid not null,
  campaign_id uuid not null,
  subject text not null,
  html text,
  plain_text text not null,
  sender text,
  overflow text not null,
  status text not null,
  actor text not null,
  end_user text,
  link_key bytea not null,
  created_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  job_id uuid,
  constraint campaign_pkey PRIMARY KEY (campaign_id),
  constraint campaign_actor_check CHECK ((length(actor) <= 300)),
  constraint campaign_end_user_check CHECK ((length(end_user) <= 256)),
  constraint campaign_link_key_check CHECK ((length(link_key) = 32)),
  constraint campaign_overflow_check CHECK ((overflow = ANY (ARRAY['refuse'::text, 'next_day'::text]))),
  constraint campaign_sender_check CHECK (((length(sender) >= 3) AND (length(sender) <= 400))),
  constraint campaign_status_check CHECK ((status = ANY (ARRAY['sending'::text, 'sent'::text]))),
  constraint campaign_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 998))),
  constraint size_within CHECK (((octet_length(COALESCE(html, ''::text)) + octet_length(plain_text)) <= 90000))
);
CREATE INDEX campaign_of_workspace ON campaigns.campaign USING btree (workspace_id, campaign_id);
CREATE INDEX campaign_under_way ON campaigns.campaign USING btree (campaign_id) WHERE (status = 'sending'::text);
alter table campaigns.campaign enable row level security;
create policy all_rows on campaigns.campaign for all to purser_work using (true);
create policy own_rows on campaigns.campaign for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on campaigns.campaign to purser_app;
grant delete, insert, select, update on campaigns.campaign to purser_work;

create table campaigns.carrier_event (
  event_id text not null,
  received_at timestamp with time zone not null,
  constraint carrier_event_pkey PRIMARY KEY (event_id),
  constraint carrier_event_event_id_check CHECK (((length(event_id) >= 1) AND (length(event_id) <= 100)))
);
CREATE INDEX carrier_event_age ON campaigns.carrier_event USING btree (received_at);
alter table campaigns.carrier_event enable row level security;
create policy all_rows on campaigns.carrier_event for all to purser_work using (true);
grant delete, insert, select on campaigns.carrier_event to purser_work;

create table campaigns.dispatch (
  workspace_id uuid not null,
  transaction_id uuid not null,
  campaign_id uuid not null,
  provider text not null,
  cost_each bigint not null,
  cost_unit text not null,
  began_at timestamp with time zone not null,
  cost bigint,
  constraint dispatch_pkey PRIMARY KEY (transaction_id),
  constraint dispatch_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns.campaign(campaign_id) ON DELETE CASCADE,
  constraint dispatch_cost_check CHECK ((cost >= 0)),
  constraint dispatch_cost_each_check CHECK ((cost_each >= 0))
);
CREATE INDEX dispatch_of_campaign ON campaigns.dispatch USING btree (campaign_id);
CREATE INDEX dispatch_open ON campaigns.dispatch USING btree (began_at) WHERE (cost IS NULL);
alter table campaigns.dispatch enable row level security;
create policy all_rows on campaigns.dispatch for all to purser_work using (true);
create policy own_rows on campaigns.dispatch for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on campaigns.dispatch to purser_app;
grant delete, insert, select, update on campaigns.dispatch to purser_work;

create table campaigns.local_message (
  workspace_id uuid not null,
  message_id uuid not null,
  sender text not null,
  recipient text not null,
  subject text not null,
  html text,
  plain_text text not null,
  unsubscribe_url text,
  created_at timestamp with time zone not null,
  constraint local_message_pkey PRIMARY KEY (message_id)
);
CREATE INDEX local_message_of_workspace ON campaigns.local_message USING btree (workspace_id, message_id);
alter table campaigns.local_message enable row level security;
create policy all_rows on campaigns.local_message for all to purser_work using (true);
create policy own_rows on campaigns.local_message for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on campaigns.local_message to purser_app;
grant delete, insert, select, update on campaigns.local_message to purser_work;

create table campaigns.recipient (
  workspace_id uuid not null,
  campaign_id uuid not null,
  recipient_id uuid not null,
  "position" integer not null,
  email text not null,
  data jsonb default '{}'::jsonb not null,
  state text not null,
  reason text,
  deferrals smallint default 0 not null,
  due_at timestamp with time zone,
  transaction_id uuid,
  provider text,
  message_id text,
  changed_at timestamp with time zone not null,
  found_at timestamp with time zone,
  booked_at timestamp with time zone,
  constraint recipient_pkey PRIMARY KEY (recipient_id),
  constraint recipient_campaign_id_email_key UNIQUE (campaign_id, email),
  constraint recipient_campaign_id_position_key UNIQUE (campaign_id, "position"),
  constraint recipient_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns.campaign(campaign_id) ON DELETE CASCADE,
  constraint recipient_email_check CHECK (((length(email) >= 3) AND (length(email) <= 254))),
  constraint recipient_message_id_check CHECK ((length(message_id) <= 300)),
  constraint recipient_position_check CHECK (("position" >= 0)),
  constraint recipient_provider_check CHECK ((length(provider) <= 60)),
  constraint recipient_reason_check CHECK ((length(reason) <= 300)),
  constraint recipient_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sending'::text, 'accepted'::text, 'delivered'::text, 'bounced'::text, 'complained'::text, 'refused'::text, 'suppressed'::text, 'unconfirmed'::text]))),
  constraint sent_by_a_call CHECK (((state <> ALL (ARRAY['sending'::text, 'accepted'::text, 'delivered'::text, 'bounced'::text, 'complained'::text, 'unconfirmed'::text])) OR (transaction_id IS NOT NULL)))
);
CREATE INDEX recipient_found ON campaigns.recipient USING btree (found_at) WHERE ((found_at IS NOT NULL) AND (booked_at IS NULL));
CREATE INDEX recipient_in_hand ON campaigns.recipient USING btree (campaign_id) WHERE (state = 'sending'::text);
CREATE INDEX recipient_of_message ON campaigns.recipient USING btree (message_id) WHERE (message_id IS NOT NULL);
CREATE INDEX recipient_of_workspace ON campaigns.recipient USING btree (workspace_id, email);
CREATE INDEX recipient_promised ON campaigns.recipient USING btree (workspace_id) WHERE (state = 'queued'::text);
CREATE INDEX recipient_waiting ON campaigns.recipient USING btree (campaign_id, "position") WHERE (state = 'queued'::text);
alter table campaigns.recipient enable row level security;
create policy all_rows on campaigns.recipient for all to purser_work using (true);
create policy own_rows on campaigns.recipient for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on campaigns.recipient to purser_app;
grant delete, insert, select, update on campaigns.recipient to purser_work;

create table campaigns.send_rate (
  provider text not null,
  per_second double precision not null,
  tokens double precision not null,
  filled_at timestamp with time zone not null,
  left_24h bigint,
  read_at timestamp with time zone not null,
  constraint send_rate_pkey PRIMARY KEY (provider),
  constraint send_rate_per_second_check CHECK ((per_second > (0)::double precision))
);
alter table campaigns.send_rate enable row level security;
create policy all_rows on campaigns.send_rate for all to purser_work using (true);
grant insert, select, update on campaigns.send_rate to purser_work;

create table campaigns.sender_day (
  workspace_id uuid not null,
  day date not null,
  sent integer default 0 not null,
  bounced integer default 0 not null,
  complained integer default 0 not null,
  constraint sender_day_pkey PRIMARY KEY (workspace_id, day),
  constraint sender_day_bounced_check CHECK ((bounced >= 0)),
  constraint sender_day_complained_check CHECK ((complained >= 0)),
  constraint sender_day_sent_check CHECK ((sent >= 0))
);
CREATE INDEX sender_day_age ON campaigns.sender_day USING btree (day);
alter table campaigns.sender_day enable row level security;
create policy all_rows on campaigns.sender_day for all to purser_work using (true);
create policy own_rows on campaigns.sender_day for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select, update on campaigns.sender_day to purser_app;
grant delete, insert, select, update on campaigns.sender_day to purser_work;

create table campaigns.sender_standing (
  workspace_id uuid not null,
  level text not null,
  reason text not null,
  since timestamp with time zone not null,
  constraint sender_standing_pkey PRIMARY KEY (workspace_id),
  constraint sender_standing_level_check CHECK ((level = ANY (ARRAY['warned'::text, 'stopped'::text]))),
  constraint sender_standing_reason_check CHECK ((reason = ANY (ARRAY['bounces'::text, 'complaints'::text])))
);
alter table campaigns.sender_standing enable row level security;
create policy all_rows on campaigns.sender_standing for all to purser_work using (true);
create policy own_rows on campaigns.sender_standing for all to purser_app using ((workspace_id = base.current_workspace()));
grant select on campaigns.sender_standing to purser_app;
grant delete, insert, select, update on campaigns.sender_standing to purser_work;

create table campaigns.suppression (
  workspace_id uuid not null,
  email text not null,
  reason text not null,
  created_at timestamp with time zone not null,
  constraint suppression_pkey PRIMARY KEY (workspace_id, email),
  constraint suppression_email_check CHECK ((((length(email) >= 3) AND (length(email) <= 254)) AND (email = lower(email)))),
  constraint suppression_reason_check CHECK ((reason = ANY (ARRAY['unsubscribed'::text, 'bounced'::text, 'complained'::text, 'by_hand'::text])))
);
alter table campaigns.suppression enable row level security;
create policy all_rows on campaigns.suppression for all to purser_work using (true);
create policy own_rows on campaigns.suppression for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on campaigns.suppression to purser_app;
grant delete, insert, select, update on campaigns.suppression to purser_work;

CREATE OR REPLACE FUNCTION campaigns.count_sender(p_workspace uuid, p_day date, p_sent integer, p_bounced integer, p_complained integer)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into campaigns.sender_day as d (workspace_id, day, sent, bounced, complained) values (p_workspace, p_day, p_sent, p_bounced, p_complained)
  on conflict (workspace_id, day) do update set
    sent = d.sent + excluded.sent, bounced = d.bounced + excluded.bounced, complained = d.complained + excluded.complained
$function$;

CREATE OR REPLACE FUNCTION campaigns.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_table text;
  v_rows integer;
begin
  foreach v_table in array array['recipient', 'dispatch', 'local_message', 'suppression', 'sender_day', 'sender_standing', 'campaign'] loop
    execute format('delete from campaigns.%1$I where ctid = any (array(select ctid from campaigns.%1$I where workspace_id = $1 limit $2))', v_table)
      using p_workspace, p_rows_max;
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
      return v_rows;
    end if;
  end loop;
  return 0;
end $function$;

CREATE OR REPLACE FUNCTION campaigns.set_rate(p_provider text, p_per_second double precision, p_left_24h bigint)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into campaigns.send_rate as r (provider, per_second, tokens, filled_at, left_24h, read_at)
  values (p_provider, p_per_second, 0, clock_timestamp(), p_left_24h, clock_timestamp())
  on conflict (provider) do update set per_second = excluded.per_second, left_24h = excluded.left_24h, read_at = excluded.read_at
$function$;

CREATE OR REPLACE FUNCTION campaigns.state_after(p_state text, p_event text, p_permanent boolean)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case p_event
    when 'complained' then case when p_state not in ('complained', 'suppressed') then 'complained' end
    when 'bounced' then case when p_state in ('sending', 'unconfirmed', 'queued', 'refused', 'accepted')
      or p_state = 'delivered' and p_permanent then 'bounced' end
    when 'delivered' then case when p_state in ('sending', 'unconfirmed', 'queued', 'refused', 'accepted') then 'delivered' end
    when 'rejected' then case when p_state in ('sending', 'unconfirmed', 'queued', 'accepted') then 'refused' end
    else case when p_state in ('sending', 'unconfirmed', 'queued') then 'accepted' end
  end
$function$;

CREATE OR REPLACE FUNCTION campaigns.take_tokens(p_provider text, p_wanted integer, p_fresh_s integer, OUT taken integer, OUT wait_ms integer, OUT stale boolean)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  v_now timestamptz := clock_timestamp();
  v campaigns.send_rate;
begin
  taken := 0;
  wait_ms := 0;
  select * into v from campaigns.send_rate where provider = p_provider for update;
  stale := v.provider is null or v.read_at < v_now - make_interval(secs => p_fresh_s);
  if stale then
    -- Others go on by what was known while one asks.
    update campaigns.send_rate set read_at = v_now - make_interval(secs => p_fresh_s - 5) where provider = p_provider;
    return;
  end if;
  v_now := clock_timestamp();
  v.tokens := least(greatest(v.per_second, 1), v.tokens + greatest(0, extract(epoch from v_now - v.filled_at)) * v.per_second);
  taken := least(p_wanted, floor(v.tokens)::integer, coalesce(least(v.left_24h, 1000000)::integer, p_wanted));
  wait_ms := case when coalesce(v.left_24h, 1) <= 0 then null when taken > 0 then 0 else ceil((1 - v.tokens) / v.per_second * 1000)::integer end;
  update campaigns.send_rate set tokens = v.tokens - taken, filled_at = v_now, left_24h = left_24h - taken where provider = p_provider;
end $function$;

create schema catalog;
grant usage on schema catalog to purser_work;

create table catalog.price_list (
  version text not null,
  text text not null,
  stored_at timestamp with time zone not null,
  constraint price_list_pkey PRIMARY KEY (version),
  constraint price_list_check CHECK ((version = ('prices:'::text || "left"(encode(sha256(convert_to(text, 'UTF8'::name)), 'hex'::text), 12))))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON catalog.price_list FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change();
grant insert, select on catalog.price_list to purser_work;

create table catalog.version (
  version text not null,
  name text not null,
  text text not null,
  stored_at timestamp with time zone not null,
  constraint version_pkey PRIMARY KEY (version),
  constraint version_check CHECK ((version = ((name || '@'::text) || "left"(encode(sha256(convert_to(text, 'UTF8'::name)), 'hex'::text), 12))))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON catalog.version FOR EACH STATEMENT EXECUTE FUNCTION catalog.refuse_change();
grant insert, select on catalog.version to purser_work;

CREATE OR REPLACE FUNCTION catalog.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'catalog.% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $function$;

create schema identity;
grant usage on schema identity to purser_app;
grant usage on schema identity to purser_work;

create table identity.account (
  id uuid not null,
  person_id uuid not null,
  account_id text not null,
  provider_id text not null,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamp with time zone,
  refresh_token_expires_at timestamp with time zone,
  scope text,
  password text,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint account_pkey PRIMARY KEY (id),
  constraint account_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.person(id)
);
CREATE INDEX account_of_person ON identity.account USING btree (person_id);
grant delete, insert, select, update on identity.account to purser_work;

create table identity.api_key (
  workspace_id uuid not null,
  key_id uuid not null,
  kind text not null,
  name text not null,
  prefix text not null,
  secret_sha256 bytea not null,
  created_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  constraint api_key_pkey PRIMARY KEY (key_id),
  constraint api_key_secret_sha256_key UNIQUE (secret_sha256),
  constraint api_key_kind_check CHECK ((kind = ANY (ARRAY['workspace'::text, 'platform'::text]))),
  constraint api_key_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  constraint api_key_secret_sha256_check CHECK ((length(secret_sha256) = 32)),
  constraint platform_keys_are_the_platforms CHECK (((kind = 'platform'::text) = (workspace_id = '00000000-0000-0000-0000-000000000000'::uuid)))
);
CREATE INDEX api_key_of_workspace ON identity.api_key USING btree (workspace_id, created_at);
alter table identity.api_key enable row level security;
create policy all_rows on identity.api_key for all to purser_work using (true);
create policy own_keys on identity.api_key for all to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER tell_change AFTER UPDATE ON identity.api_key FOR EACH ROW EXECUTE FUNCTION identity.tell_key_change();
grant insert, select on identity.api_key to purser_app;
grant delete, insert, select on identity.api_key to purser_work;

create table identity.invitation (
  workspace_id uuid not null,
  invitation_id uuid not null,
  email text not null,
  role text not null,
  invited_by text not null,
  invited_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  constraint invitation_pkey PRIMARY KEY (invitation_id),
  constraint invitation_workspace_id_email_key UNIQUE (workspace_id, email),
  constraint invitation_email_check CHECK (((email = lower(email)) AND ((length(email) >= 3) AND (length(email) <= 320)))),
  constraint invitation_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'operator'::text]))),
  constraint operators_are_the_platforms CHECK (((role = 'operator'::text) = (workspace_id = '00000000-0000-0000-0000-000000000000'::uuid)))
);
CREATE INDEX invitation_by_email ON identity.invitation USING btree (email);
alter table identity.invitation enable row level security;
create policy all_rows on identity.invitation for all to purser_work using (true);
create policy own_invitations on identity.invitation for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select on identity.invitation to purser_app;
grant delete, insert, select, update on identity.invitation to purser_work;

create table identity.member (
  workspace_id uuid not null,
  person_id uuid not null,
  role text not null,
  joined_at timestamp with time zone not null,
  constraint member_pkey PRIMARY KEY (workspace_id, person_id),
  constraint member_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.person(id),
  constraint member_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'operator'::text]))),
  constraint operators_are_the_platforms CHECK (((role = 'operator'::text) = (workspace_id = '00000000-0000-0000-0000-000000000000'::uuid)))
);
CREATE INDEX member_by_person ON identity.member USING btree (person_id);
alter table identity.member enable row level security;
create policy all_rows on identity.member for all to purser_work using (true);
create policy own_members on identity.member for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, select on identity.member to purser_app;
grant delete, insert, select, update on identity.member to purser_work;

create table identity.occasion (
  kind text not null,
  source bytea not null,
  happened_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  constraint occasion_source_check CHECK ((length(source) = 32))
);
CREATE INDEX occasion_by_end ON identity.occasion USING btree (expires_at);
CREATE INDEX occasion_of_source ON identity.occasion USING btree (source, kind, expires_at);
grant delete, insert, select on identity.occasion to purser_work;

create table identity.past_terms (
  id bigint generated always as identity not null,
  workspace_id uuid not null,
  plan text not null,
  catalogue_version text not null,
  timezone text not null,
  overrides jsonb not null,
  until timestamp with time zone not null,
  constraint past_terms_pkey PRIMARY KEY (id)
);
CREATE INDEX past_terms_of_workspace ON identity.past_terms USING btree (workspace_id, id);
alter table identity.past_terms enable row level security;
create policy all_rows on identity.past_terms for select to purser_work using (true);
create policy new_rows on identity.past_terms for insert to purser_work with check (true);
create policy own_terms on identity.past_terms for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select on identity.past_terms to purser_work;

create table identity.person (
  id uuid not null,
  name text not null,
  email text not null,
  email_verified boolean not null,
  image text,
  is_anonymous boolean,
  counts_as uuid,
  works_in uuid,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint person_pkey PRIMARY KEY (id),
  constraint person_email_key UNIQUE (email),
  constraint person_email_check CHECK (((length(email) >= 3) AND (length(email) <= 320))),
  constraint person_name_check CHECK ((length(name) <= 200))
);
alter table identity.person enable row level security;
create policy all_rows on identity.person for all to purser_work using (true);
create policy own_members on identity.person for select to purser_app using ((EXISTS ( SELECT
   FROM identity.member m
  WHERE ((m.person_id = person.id) AND (m.workspace_id = base.current_workspace())))));
grant delete, insert, select, update on identity.person to purser_work;

create table identity.sealed_entry (
  name bytea not null,
  sealed bytea not null,
  expires_at timestamp with time zone not null,
  about bytea[] default '{}'::bytea[] not null,
  constraint sealed_entry_pkey PRIMARY KEY (name),
  constraint sealed_entry_name_check CHECK ((length(name) = 32))
);
CREATE INDEX sealed_entry_about ON identity.sealed_entry USING gin (about) WHERE (about <> '{}'::bytea[]);
CREATE INDEX sealed_entry_by_end ON identity.sealed_entry USING btree (expires_at);
grant delete, insert, select, update on identity.sealed_entry to purser_work;

create table identity.shared_secret (
  one boolean default true not null,
  value bytea not null,
  constraint shared_secret_pkey PRIMARY KEY (one),
  constraint shared_secret_one_check CHECK (one),
  constraint shared_secret_value_check CHECK ((length(value) = 32))
);
grant insert, select on identity.shared_secret to purser_work;

create table identity.workspace (
  workspace_id uuid not null,
  name text not null,
  external_id text,
  plan text not null,
  catalogue_version text not null,
  timezone text not null,
  anchored_at timestamp with time zone not null,
  license text default 'active'::text not null,
  license_since timestamp with time zone not null,
  overrides jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone not null,
  changed_at timestamp with time zone not null,
  erased_at timestamp with time zone,
  constraint workspace_pkey PRIMARY KEY (workspace_id),
  constraint workspace_external_id_key UNIQUE (external_id),
  constraint workspace_external_id_check CHECK (((length(external_id) >= 1) AND (length(external_id) <= 200))),
  constraint workspace_license_check CHECK ((license = ANY (ARRAY['active'::text, 'grace'::text, 'cancelled'::text]))),
  constraint workspace_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
  constraint workspace_overrides_check CHECK ((jsonb_typeof(overrides) = 'object'::text)),
  constraint workspace_plan_check CHECK (((length(plan) >= 1) AND (length(plan) <= 100))),
  constraint workspace_timezone_check CHECK ((timezone ~ '^[A-Za-z]'::text)),
  constraint workspace_workspace_id_check CHECK ((workspace_id <> '00000000-0000-0000-0000-000000000000'::uuid))
);
CREATE INDEX workspace_by_name ON identity.workspace USING btree (lower(name), workspace_id) WHERE (erased_at IS NULL);
CREATE INDEX workspace_by_plan ON identity.workspace USING btree (plan, workspace_id) WHERE (erased_at IS NULL);
alter table identity.workspace enable row level security;
create policy all_rows on identity.workspace for all to purser_work using (true);
create policy own_workspace on identity.workspace for all to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER keep_past_terms AFTER UPDATE ON identity.workspace FOR EACH ROW WHEN (((((new.plan IS DISTINCT FROM old.plan) OR (new.catalogue_version IS DISTINCT FROM old.catalogue_version)) OR (new.timezone IS DISTINCT FROM old.timezone)) OR (new.overrides IS DISTINCT FROM old.overrides))) EXECUTE FUNCTION identity.keep_past_terms();
CREATE TRIGGER tell_change AFTER UPDATE ON identity.workspace FOR EACH ROW EXECUTE FUNCTION identity.tell_workspace_change();
CREATE TRIGGER terms_began AFTER INSERT ON identity.workspace FOR EACH ROW EXECUTE FUNCTION wallet.begin_period();
CREATE TRIGGER terms_changed AFTER UPDATE OF plan ON identity.workspace FOR EACH ROW WHEN ((new.plan <> old.plan)) EXECUTE FUNCTION wallet.begin_period();
grant select on identity.workspace to purser_app;
grant insert, select, update on identity.workspace to purser_work;

CREATE OR REPLACE FUNCTION identity.erase_person(p_person uuid, OUT email text, OUT workspaces uuid[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
begin
  select case when p.is_anonymous then null else p.email end into email from identity.person p where p.id = p_person for update;
  select coalesce(array_agg(m.workspace_id), '{}') into workspaces from identity.member m where m.person_id = p_person;
  delete from identity.invitation i using identity.person p where p.id = p_person and i.email = lower(p.email);
  delete from identity.member where person_id = p_person;
  delete from identity.account where person_id = p_person;
  delete from identity.person where id = p_person;
end $function$;

CREATE OR REPLACE FUNCTION identity.erase_workspace(p_workspace uuid, p_pseudonym text, p_now timestamp with time zone)
 RETURNS TABLE(person_id uuid)
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION identity.export_invitations(p_email text)
 RETURNS TABLE(invitation_id uuid, workspace_id uuid, role text, invited_at timestamp with time zone, expires_at timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
  select i.invitation_id, i.workspace_id, i.role, i.invited_at, i.expires_at from identity.invitation i where i.email = lower(p_email)
$function$;

CREATE OR REPLACE FUNCTION identity.export_memberships(p_person uuid)
 RETURNS TABLE(workspace_id uuid, workspace text, role text, joined_at timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
  select m.workspace_id, w.name, m.role, m.joined_at
  from identity.member m left join identity.workspace w using (workspace_id) where m.person_id = p_person order by m.joined_at
$function$;

CREATE OR REPLACE FUNCTION identity.export_person(p_person uuid)
 RETURNS TABLE(id uuid, email text, created_at timestamp with time zone, anonymous boolean)
 LANGUAGE sql
 STABLE
AS $function$
  select p.id, case when p.is_anonymous then null else p.email end, p.created_at, coalesce(p.is_anonymous, false)
  from identity.person p where p.id = p_person
$function$;

CREATE OR REPLACE FUNCTION identity.forget_expired(p_now timestamp with time zone, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION identity.keep_past_terms()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into identity.past_terms (workspace_id, plan, catalogue_version, timezone, overrides, until)
  values (old.workspace_id, old.plan, old.catalogue_version, old.timezone, old.overrides, new.changed_at);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION identity.person_of(p_email text)
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$
  select id from identity.person where email = lower(p_email) and is_anonymous is not true
$function$;

CREATE OR REPLACE FUNCTION identity.sold_to(p_workspace uuid)
 RETURNS TABLE(plan text, catalogue_version text, anchored_at timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
  select plan, catalogue_version, anchored_at from identity.workspace where workspace_id = p_workspace
$function$;

CREATE OR REPLACE FUNCTION identity.solely_owned(p_person uuid)
 RETURNS TABLE(workspace_id uuid, name text, others bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select w.workspace_id, w.name, (select count(*) from identity.member o where o.workspace_id = w.workspace_id and o.person_id <> p_person)
  from identity.member m join identity.workspace w on w.workspace_id = m.workspace_id
  where m.person_id = p_person and m.role = 'owner' and not exists (
    select from identity.member o where o.workspace_id = w.workspace_id and o.role = 'owner' and o.person_id <> p_person)
  order by w.workspace_id
$function$;

CREATE OR REPLACE FUNCTION identity.tell_key_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('purser_identity', 'key ' || encode(new.secret_sha256, 'hex'));
  return null;
end $function$;

CREATE OR REPLACE FUNCTION identity.tell_workspace_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('purser_identity', 'workspace ' || new.workspace_id);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION identity.when_terms_begin(p_function regproc)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  execute format('create trigger terms_began after insert on identity.workspace for each row execute function %s()', p_function);
  execute format('create trigger terms_changed after update of plan on identity.workspace for each row when (new.plan <> old.plan) execute function %s()', p_function);
end $function$;

CREATE OR REPLACE FUNCTION identity.workspace_named(p_name text)
 RETURNS TABLE(workspace_id uuid, name text)
 LANGUAGE sql
 STABLE
AS $function$
  select w.workspace_id, w.name from identity.workspace w
  where w.erased_at is null and (w.workspace_id::text = lower(p_name) or w.external_id = p_name)
$function$;

create schema jobs;
grant usage on schema jobs to purser_app;
grant usage on schema jobs to purser_work;

create table jobs.job (
  workspace_id uuid not null,
  job_id uuid not null,
  "position" bigint generated by default as identity not null,
  kind text not null,
  lane text not null,
  idempotency_key text,
  request_hash text not null,
  payload jsonb not null,
  status text default 'queued'::text not null,
  due boolean not null,
  due_at timestamp with time zone,
  run_at timestamp with time zone not null,
  deadline_at timestamp with time zone,
  attempts smallint default 0 not null,
  attempts_max smallint not null,
  lease_id uuid,
  leased_until timestamp with time zone,
  cancel_asked boolean default false not null,
  progress_done bigint default 0 not null,
  progress_total bigint,
  version bigint default 1 not null,
  result jsonb,
  error_code text,
  error_detail text,
  created_at timestamp with time zone not null,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  constraint job_pkey PRIMARY KEY (job_id),
  constraint attempts_within CHECK (((attempts >= 0) AND (attempts <= attempts_max))),
  constraint due_is_queued CHECK (((NOT due) OR ((status = 'queued'::text) AND (due_at IS NOT NULL)))),
  constraint ended_has_its_time CHECK (((status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text])) = (ended_at IS NOT NULL))),
  constraint failed_says_why CHECK (((status = 'failed'::text) <= (error_code IS NOT NULL))),
  constraint job_attempts_max_check CHECK (((attempts_max >= 1) AND (attempts_max <= 100))),
  constraint job_error_detail_check CHECK ((length(error_detail) <= 2000)),
  constraint job_idempotency_key_check CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 300))),
  constraint job_kind_check CHECK ((kind ~ '^[a-z][a-z0-9_]{1,59}$'::text)),
  constraint job_lane_check CHECK ((lane = ANY (ARRAY['critical'::text, 'high'::text, 'standard'::text, 'low'::text]))),
  constraint job_request_hash_check CHECK ((request_hash ~ '^[0-9a-f]{64}$'::text)),
  constraint job_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text]))),
  constraint progress_within CHECK (((progress_done >= 0) AND ((progress_total IS NULL) OR (progress_done <= progress_total)))),
  constraint running_is_leased CHECK ((((status = 'running'::text) = (lease_id IS NOT NULL)) AND ((lease_id IS NULL) = (leased_until IS NULL))))
);
CREATE INDEX job_dead ON jobs.job USING btree (job_id) WHERE (status = 'failed'::text);
CREATE INDEX job_deadline ON jobs.job USING btree (deadline_at) WHERE ((status = 'queued'::text) AND (deadline_at IS NOT NULL));
CREATE INDEX job_due ON jobs.job USING btree (lane, workspace_id, "position") WHERE due;
CREATE INDEX job_ended ON jobs.job USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX job_leased ON jobs.job USING btree (leased_until) WHERE (status = 'running'::text);
CREATE INDEX job_of_workspace ON jobs.job USING btree (workspace_id, job_id);
CREATE UNIQUE INDEX job_once ON jobs.job USING btree (workspace_id, kind, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX job_scheduled ON jobs.job USING btree (run_at) WHERE ((status = 'queued'::text) AND (NOT due));
CREATE INDEX job_started ON jobs.job USING brin (started_at) WITH (autosummarize='on');
alter table jobs.job enable row level security;
create policy all_rows on jobs.job for all to purser_work using (true);
create policy own_jobs on jobs.job for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select on jobs.job to purser_app;
grant delete, insert, select, update on jobs.job to purser_work;

create table jobs.line (
  lane text not null,
  workspace_id uuid not null,
  due integer default 0 not null,
  running integer default 0 not null,
  running_max integer not null,
  turn timestamp with time zone not null,
  constraint line_pkey PRIMARY KEY (lane, workspace_id),
  constraint line_due_check CHECK ((due >= 0)),
  constraint line_running_check CHECK ((running >= 0)),
  constraint line_running_max_check CHECK (((running_max >= 1) AND (running_max <= 10000)))
);
CREATE INDEX line_of_workspace ON jobs.line USING btree (workspace_id);
CREATE INDEX line_open ON jobs.line USING btree (lane, turn, workspace_id) WHERE ((due > 0) AND (running < running_max));
alter table jobs.line enable row level security;
create policy all_rows on jobs.line for all to purser_work using (true);
create policy own_lines on jobs.line for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select, update on jobs.line to purser_app;
grant delete, insert, select, update on jobs.line to purser_work;

CREATE OR REPLACE FUNCTION jobs.cancel(p_workspace uuid, p_job uuid, p_now timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
declare
  v_lane text := (select lane from jobs.job where job_id = p_job and workspace_id = p_workspace);
  v_was_due boolean;
  v_status text;
begin
  perform from jobs.line where lane = v_lane and workspace_id = p_workspace for update;
  select due, status into v_was_due, v_status from jobs.job where job_id = p_job and workspace_id = p_workspace for update;
  if v_status = 'queued' then
    update jobs.job set status = 'cancelled', due = false, cancel_asked = true, ended_at = p_now, version = version + 1 where job_id = p_job;
    if v_was_due then update jobs.line set due = due - 1 where lane = v_lane and workspace_id = p_workspace; end if;
    return 'cancelled';
  end if;
  if v_status = 'running' then
    update jobs.job set cancel_asked = true, version = version + 1 where job_id = p_job and not cancel_asked;
  end if;
  return v_status;
end $function$;

CREATE OR REPLACE FUNCTION jobs.claim(p_lease uuid, p_lease_s integer, p_lanes text[], p_wants integer[], p_most integer[], p_total integer)
 RETURNS SETOF jobs.job
 LANGUAGE plpgsql
AS $function$
declare
  v_until timestamptz := clock_timestamp() + p_lease_s * interval '1 second';
  v_taken integer[] := array_fill(0, array[cardinality(p_lanes)]);
  v_ids uuid[] := '{}';
  v_more uuid[];
  v_want integer;
begin
  for v_pass in 1 .. 2 loop
    for i in 1 .. cardinality(p_lanes) loop
      v_want := least(case v_pass when 1 then p_wants[i] else p_most[i] - v_taken[i] end, p_total - cardinality(v_ids));
      continue when v_want <= 0;
      v_more := jobs.claim_lane(p_lanes[i], v_want, p_lease, v_until);
      v_taken[i] := v_taken[i] + cardinality(v_more);
      v_ids := v_ids || v_more;
    end loop;
  end loop;
  return query select * from jobs.job where job_id = any (v_ids);
end $function$;

CREATE OR REPLACE FUNCTION jobs.claim_lane(p_lane text, p_want integer, p_lease uuid, p_until timestamp with time zone)
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  v_wall timestamptz := clock_timestamp();
  v_ids uuid[] := '{}';
  v_round uuid[];
  v_want integer;
begin
  loop
    v_want := p_want - cardinality(v_ids);
    exit when v_want <= 0;
    with open as (
      select workspace_id, turn, running_max - running as free from jobs.line
      where lane = p_lane and due > 0 and running < running_max
      order by turn, workspace_id limit v_want for update skip locked),
    shares as (
      select workspace_id, turn, least(free, ceil(v_want::numeric / count(*) over ())::integer) as share from open),
    rounds as (
      select workspace_id, share, sum(share) over (order by turn, workspace_id) - share as before from shares),
    next as (
      select j.job_id from rounds r cross join lateral (
        select job_id from jobs.job where lane = p_lane and workspace_id = r.workspace_id and due
        order by position limit greatest(0, least(r.share, v_want - r.before)) for update skip locked) j),
    taken as (
      update jobs.job j set status = 'running', due = false, attempts = attempts + 1, lease_id = p_lease, leased_until = p_until,
        started_at = v_wall, version = version + 1
      from next where j.job_id = next.job_id returning j.job_id, j.workspace_id),
    counted as (
      update jobs.line l set due = l.due - n.count, running = l.running + n.count,
        turn = least(greatest(l.turn, v_wall) + n.count * interval '1 second', v_wall + interval '1 minute')
      from (select workspace_id, count(*)::integer as count from taken group by workspace_id) n
      where l.lane = p_lane and l.workspace_id = n.workspace_id)
    select coalesce(array_agg(job_id), '{}') into v_round from taken;
    exit when cardinality(v_round) = 0;
    v_ids := v_ids || v_round;
  end loop;
  return v_ids;
end $function$;

CREATE OR REPLACE FUNCTION jobs.enqueue(p_workspace uuid, p_now timestamp with time zone, p_due_max integer, p_jobs jsonb)
 RETURNS TABLE(job_id uuid, lane text, due boolean, fresh boolean)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare
  v_wall timestamptz := clock_timestamp();
  v_made uuid[];
  v_line record;
begin
  for v_line in
    select w ->> 'lane' as lane, max((w ->> 'running_max')::integer) as running_max
    from jsonb_array_elements(p_jobs) w group by 1 order by 1
  loop
    insert into jobs.line as l (lane, workspace_id, running_max, turn) values (v_line.lane, p_workspace, v_line.running_max, v_wall)
    on conflict (lane, workspace_id) do update set running_max = excluded.running_max,
      turn = case when l.due = 0 and l.running = 0 then excluded.turn else l.turn end;
  end loop;
  with made as (
    insert into jobs.job (workspace_id, job_id, kind, lane, idempotency_key, request_hash, payload, due, due_at, run_at, deadline_at,
      attempts_max, progress_total, created_at)
    select p_workspace, w.job_id, w.kind, w.lane, w.idempotency_key, w.request_hash, w.payload, w.run_at <= p_now,
      case when w.run_at <= p_now then v_wall end, w.run_at, w.deadline_at, w.attempts_max, w.progress_total, p_now
    from rows from (jsonb_to_recordset(p_jobs) as (job_id uuid, kind text, lane text, idempotency_key text, request_hash text, payload jsonb,
      run_at timestamptz, deadline_at timestamptz, attempts_max smallint, progress_total bigint)) with ordinality
      w (job_id, kind, lane, idempotency_key, request_hash, payload, run_at, deadline_at, attempts_max, progress_total, ordinal)
    order by w.ordinal
    on conflict (workspace_id, kind, idempotency_key) where idempotency_key is not null do nothing
    returning job_id)
  select array_agg(job_id) into v_made from made;
  for v_line in
    update jobs.line l set due = l.due + n.count
    from (select lane, count(*)::integer as count from jobs.job where job_id = any (v_made) and due group by lane) n
    where l.lane = n.lane and l.workspace_id = p_workspace
    returning l.lane, l.due, l.due - n.count as before
  loop
    if v_line.due > p_due_max then
      raise exception 'at most % jobs of a workspace wait in the lane %', p_due_max, v_line.lane using errcode = 'P4780';
    end if;
    if v_line.before = 0 then perform pg_notify('purser_jobs', v_line.lane); end if;
  end loop;
  if exists (
    select from jsonb_to_recordset(p_jobs) w (kind text, idempotency_key text, request_hash text)
    join jobs.job j on j.workspace_id = p_workspace and j.kind = w.kind and j.idempotency_key = w.idempotency_key
    where j.request_hash <> w.request_hash)
  then
    raise exception 'a job was put in under this key before, and asked for something else' using errcode = 'P4781';
  end if;
  return query
    select coalesce(n.job_id, k.job_id), coalesce(n.lane, k.lane), coalesce(n.due, k.due), n.job_id is not null
    from rows from (jsonb_to_recordset(p_jobs) as (job_id uuid, kind text, idempotency_key text))
      with ordinality w (job_id, kind, idempotency_key, ordinal)
    left join jobs.job n on n.job_id = w.job_id
    left join jobs.job k on n.job_id is null and k.workspace_id = p_workspace and k.kind = w.kind and k.idempotency_key = w.idempotency_key
    order by w.ordinal;
end $function$;

CREATE OR REPLACE FUNCTION jobs.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
begin
  delete from jobs.job where ctid = any (array(select ctid from jobs.job where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count;
  if v_rows = 0 then
    delete from jobs.line where workspace_id = p_workspace;
    get diagnostics v_rows = row_count;
  end if;
  return v_rows;
end $function$;

CREATE OR REPLACE FUNCTION jobs.finish(p_lease uuid, p_now timestamp with time zone, p_ids uuid[], p_outcomes text[], p_results jsonb[], p_codes text[], p_details text[], p_run_at timestamp with time zone[])
 RETURNS SETOF text
 LANGUAGE plpgsql
AS $function$
declare
  v_wall timestamptz := clock_timestamp();
begin
  perform from jobs.line l
    where (l.lane, l.workspace_id) in (select j.lane, j.workspace_id from jobs.job j where j.job_id = any (p_ids))
    order by l.lane, l.workspace_id for update;
  return query
    with told as (
      select * from unnest(p_ids, p_outcomes, p_results, p_codes, p_details, p_run_at) t (id, outcome, result, code, detail, run_at)),
    ended as (
      update jobs.job j set
        status = case when t.outcome = 'succeeded' then 'succeeded' when j.cancel_asked then 'cancelled'
                      when t.outcome = 'failed' then 'failed' else 'queued' end,
        due = t.outcome = 'released' and t.run_at is null and not j.cancel_asked,
        due_at = case when t.outcome = 'released' and t.run_at is null then v_wall else j.due_at end,
        run_at = coalesce(t.run_at, j.run_at),
        attempts = j.attempts - case when t.outcome = 'released' then 1 else 0 end,
        result = coalesce(t.result, j.result), error_code = t.code, error_detail = t.detail,
        progress_done = case when t.outcome = 'succeeded' then coalesce(j.progress_total, j.progress_done) else j.progress_done end,
        ended_at = case when t.outcome in ('succeeded', 'failed') or j.cancel_asked then p_now end,
        lease_id = null, leased_until = null, version = j.version + 1
      from told t where j.job_id = t.id and j.status = 'running' and j.lease_id = p_lease
      returning j.due, j.lane, j.workspace_id),
    counted as (
      update jobs.line l set running = l.running - n.ended, due = l.due + n.due
      from (select lane, workspace_id, count(*)::integer as ended, count(*) filter (where due)::integer as due from ended group by 1, 2) n
      where l.lane = n.lane and l.workspace_id = n.workspace_id
      returning l.lane, l.due > 0 and l.running + n.ended >= l.running_max as opened)
    select distinct c.lane from counted c where c.opened;
end $function$;

CREATE OR REPLACE FUNCTION jobs.forget(p_before timestamp with time zone, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
begin
  delete from jobs.job where ctid = any (array(select ctid from jobs.job where ended_at < p_before limit p_rows_max));
  get diagnostics v_rows = row_count;
  delete from jobs.line where ctid = any (array(
    select ctid from jobs.line l where due = 0 and running = 0 and not exists (select from jobs.job j where j.workspace_id = l.workspace_id)
    limit p_rows_max for update skip locked));
  return v_rows;
end $function$;

CREATE OR REPLACE FUNCTION jobs.lanes(p_lately interval)
 RETURNS TABLE(lane text, due bigint, running bigint, longest_wait_s double precision, wait_p95_s double precision)
 LANGUAGE sql
 STABLE
AS $function$
  select l.lane, coalesce(n.due, 0), coalesce(n.running, 0),
    (select extract(epoch from clock_timestamp() - min(j.due_at)) from jobs.job j where j.lane = l.lane and j.due)::double precision,
    (select percentile_disc(0.95) within group (order by extract(epoch from j.started_at - j.due_at)) from jobs.job j
     where j.lane = l.lane and j.started_at > clock_timestamp() - p_lately and j.due_at is not null)::double precision
  from unnest(array['critical', 'high', 'standard', 'low']) l (lane)
  left join (select lane, sum(due) as due, sum(running) as running from jobs.line group by lane) n on n.lane = l.lane
$function$;

CREATE OR REPLACE FUNCTION jobs.open_lanes()
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
AS $function$
  select l from unnest(array['critical', 'high', 'standard', 'low']) l
  where exists (select from jobs.line where lane = l and due > 0 and running < running_max)
$function$;

CREATE OR REPLACE FUNCTION jobs.open_waits(p_lines integer)
 RETURNS TABLE(lane text, lines bigint, wait_p95_s double precision)
 LANGUAGE sql
 STABLE
AS $function$
  select l.lane, count(*), percentile_disc(0.95) within group (order by extract(epoch from clock_timestamp() - j.due_at))::double precision
  from unnest(array['critical', 'high', 'standard', 'low']) l (lane)
  cross join lateral (
    select workspace_id from jobs.line n where n.lane = l.lane and n.due > 0 and n.running < n.running_max
    order by n.turn, n.workspace_id limit p_lines) n
  cross join lateral (
    select due_at from jobs.job j where j.lane = l.lane and j.workspace_id = n.workspace_id and j.due order by j.position limit 1) j
  group by l.lane
$function$;

CREATE OR REPLACE FUNCTION jobs.progress(p_lease uuid, p_ids uuid[], p_done bigint[], p_total bigint[])
 RETURNS void
 LANGUAGE sql
AS $function$
  update jobs.job j set progress_done = t.done, progress_total = t.total, version = j.version + 1
  from unnest(p_ids, p_done, p_total) t (id, done, total)
  where j.job_id = t.id and j.status = 'running' and j.lease_id = p_lease
$function$;

CREATE OR REPLACE FUNCTION jobs.renew(p_lease uuid, p_lease_s integer, p_ids uuid[])
 RETURNS SETOF uuid
 LANGUAGE sql
AS $function$
  update jobs.job j set leased_until = clock_timestamp() + p_lease_s * interval '1 second'
  where j.job_id = any (p_ids) and j.status = 'running' and j.lease_id = p_lease
  returning j.job_id
$function$;

CREATE OR REPLACE FUNCTION jobs.retry(p_ids uuid[])
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_wall timestamptz := clock_timestamp();
  v_count integer;
begin
  perform from jobs.line l
    where (l.lane, l.workspace_id) in (select lane, workspace_id from jobs.job where job_id = any (p_ids))
    order by l.lane, l.workspace_id for update;
  with again as (
    update jobs.job set status = 'queued', due = true, due_at = v_wall, attempts = 0, cancel_asked = false, deadline_at = null,
      error_code = null, error_detail = null, ended_at = null, version = version + 1
    where job_id = any (p_ids) and status in ('failed', 'cancelled') returning lane, workspace_id),
  counted as (
    update jobs.line l set due = l.due + n.count from (select lane, workspace_id, count(*)::integer as count from again group by 1, 2) n
    where l.lane = n.lane and l.workspace_id = n.workspace_id)
  select count(*) into v_count from again;
  perform pg_notify('purser_jobs', lane) from jobs.job where job_id = any (p_ids) group by lane;
  return v_count;
end $function$;

CREATE OR REPLACE FUNCTION jobs.sweep(p_now timestamp with time zone, p_rows_max integer)
 RETURNS TABLE(lane text, due bigint)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare
  v_wall timestamptz := clock_timestamp();
  v_ids uuid[];
begin
  select array_agg(job_id) into v_ids from (
    (select job_id from jobs.job where status = 'queued' and not due and run_at <= p_now order by run_at limit p_rows_max)
    union all
    (select job_id from jobs.job where status = 'running' and leased_until < v_wall order by leased_until limit p_rows_max)
    union all
    (select job_id from jobs.job where status = 'queued' and deadline_at <= p_now order by deadline_at limit p_rows_max)) j;
  if v_ids is null then return; end if;
  perform from jobs.line l
    where (l.lane, l.workspace_id) in (select j.lane, j.workspace_id from jobs.job j where j.job_id = any (v_ids))
    order by l.lane, l.workspace_id for update;
  return query
    with before as (
      select job_id, status, due, status = 'running' as ran, deadline_at is not null and deadline_at <= p_now as late,
        attempts >= attempts_max as spent, cancel_asked
      from jobs.job
      where job_id = any (v_ids) and (status = 'running' and leased_until < v_wall or status = 'queued' and (deadline_at <= p_now or not due and run_at <= p_now))
      for update),
    swept as (
      update jobs.job j set
        status = case when b.ran and j.cancel_asked then 'cancelled' when b.late or b.ran and b.spent then 'failed' else 'queued' end,
        due = not (b.late or b.ran and (b.spent or j.cancel_asked)),
        due_at = case when b.late or b.ran and (b.spent or j.cancel_asked) then j.due_at else v_wall end,
        error_code = case when b.ran and j.cancel_asked then null when b.late then 'deadline_passed' when b.ran and b.spent then 'worker_lost' else j.error_code end,
        error_detail = case when b.ran and j.cancel_asked then null
          when b.late then 'it had not ended when its deadline passed'
          when b.ran and b.spent then 'the worker of its last attempt ended without a word' else j.error_detail end,
        ended_at = case when b.late or b.ran and (b.spent or j.cancel_asked) then p_now end,
        lease_id = null, leased_until = null, version = j.version + 1
      from before b where j.job_id = b.job_id
      returning j.job_id, j.lane, j.workspace_id, j.due),
    counted as (
      update jobs.line l set running = l.running - n.ran, due = l.due + n.due
      from (select s.lane, s.workspace_id, count(*) filter (where b.ran)::integer as ran,
              (count(*) filter (where s.due) - count(*) filter (where b.due))::integer as due
            from swept s join before b using (job_id) group by 1, 2) n
      where l.lane = n.lane and l.workspace_id = n.workspace_id)
    select s.lane, count(*) from swept s where s.due group by s.lane;
  perform pg_notify('purser_jobs', j.lane) from jobs.job j where j.job_id = any (v_ids) and j.due group by j.lane;
end $function$;

create schema ledger;
grant usage on schema ledger to purser_app;
grant usage on schema ledger to purser_work;

create table ledger.attempt (
  id bigint generated always as identity not null,
  workspace_id uuid not null,
  hold_id uuid not null,
  ordinal smallint not null,
  actor text not null,
  operation text not null,
  kind text not null,
  provider text not null,
  model text not null,
  model_version text,
  started_at timestamp with time zone not null,
  duration_ms integer not null,
  outcome text not null,
  usage jsonb,
  cost bigint,
  cost_unit text,
  request_id text,
  xid bigint default ledger.transaction_number() not null,
  end_user text,
  constraint attempt_pkey PRIMARY KEY (xid, id),
  constraint sound CHECK (((ordinal > 0) AND (duration_ms >= 0) AND (COALESCE(cost, (0)::bigint) >= 0) AND ((cost IS NULL) = (cost_unit IS NULL))))
);
CREATE INDEX attempt_of_hold ON ledger.attempt USING brin (hold_id uuid_minmax_multi_ops) WITH (autosummarize='on');
CREATE INDEX attempt_of_time ON ledger.attempt USING brin (started_at) WITH (autosummarize='on');
CREATE INDEX attempt_of_workspace ON ledger.attempt USING btree (workspace_id, id);
alter table ledger.attempt enable row level security;
create policy all_rows on ledger.attempt for select to purser_work using (true);
create policy new_rows on ledger.attempt for insert to purser_work with check (true);
create policy own_rows on ledger.attempt for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.attempt FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
grant select on ledger.attempt to purser_app;
grant select on ledger.attempt to purser_work;

create table ledger.period (
  workspace_id uuid not null,
  period_start timestamp with time zone not null,
  plan text not null,
  price bigint not null,
  fees bigint not null,
  currency text not null,
  accrued_at timestamp with time zone not null,
  constraint period_pkey PRIMARY KEY (workspace_id, period_start),
  constraint period_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint period_fees_check CHECK ((fees >= 0)),
  constraint period_price_check CHECK ((price >= 0))
);
alter table ledger.period enable row level security;
create policy all_rows on ledger.period for select to purser_work using (true);
create policy new_rows on ledger.period for insert to purser_work with check (true);
create policy own_rows on ledger.period for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.period FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
grant select on ledger.period to purser_app;
grant insert, select on ledger.period to purser_work;

create table ledger.posting (
  id bigint generated always as identity not null,
  workspace_id uuid not null,
  posted_at timestamp with time zone not null,
  hold_id uuid,
  debit text not null,
  credit text not null,
  amount bigint not null,
  unit text not null,
  reported bigint,
  reported_unit text,
  plan text,
  reason text,
  xid bigint default ledger.transaction_number() not null,
  constraint posting_pkey PRIMARY KEY (xid, id),
  constraint sound CHECK (((amount > 0) AND (debit <> credit) AND ((reported IS NULL) = (reported_unit IS NULL)) AND (COALESCE(reported, (0)::bigint) >= 0)))
);
CREATE INDEX posting_agreed ON ledger.posting USING btree (posted_at) WHERE (((debit = 'receivable'::text) AND (credit = ANY (ARRAY['revenue:subscription'::text, 'revenue:pay_as_you_go'::text]))) OR ((credit = 'receivable'::text) AND (debit = ANY (ARRAY['revenue:subscription'::text, 'revenue:pay_as_you_go'::text]))));
CREATE INDEX posting_of_hold ON ledger.posting USING brin (hold_id uuid_minmax_multi_ops) WITH (autosummarize='on');
CREATE INDEX posting_of_time ON ledger.posting USING brin (posted_at) WITH (autosummarize='on');
CREATE INDEX posting_of_workspace ON ledger.posting USING btree (workspace_id, id);
alter table ledger.posting enable row level security;
create policy all_rows on ledger.posting for select to purser_work using (true);
create policy new_rows on ledger.posting for insert to purser_work with check (true);
create policy own_rows on ledger.posting for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.posting FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER in_chart_of_accounts AFTER INSERT ON ledger.posting REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_off_chart();
grant select on ledger.posting to purser_app;
grant select on ledger.posting to purser_work;

create table ledger.rollup_account_daily (
  day date not null,
  plan text,
  debit text not null,
  credit text not null,
  unit text not null,
  reported_unit text,
  postings bigint not null,
  amount numeric not null,
  reported numeric not null
);
CREATE UNIQUE INDEX rollup_account_daily_key ON ledger.rollup_account_daily USING btree (day, plan, debit, credit, unit, reported_unit) NULLS NOT DISTINCT;
grant insert, select, update on ledger.rollup_account_daily to purser_work;

create table ledger.rollup_attempt_daily (
  day date not null,
  provider text not null,
  model text not null,
  operation text not null,
  outcome text not null,
  attempts bigint not null,
  duration_ms bigint not null,
  constraint rollup_attempt_daily_pkey PRIMARY KEY (day, provider, model, operation, outcome)
);
grant insert, select, update on ledger.rollup_attempt_daily to purser_work;

create table ledger.rollup_margin_daily (
  workspace_id uuid not null,
  day date not null,
  plan text,
  pack text,
  unit text not null,
  revenue numeric not null,
  fees numeric not null,
  cost numeric not null,
  spent numeric not null
);
CREATE INDEX rollup_margin_daily_of_day ON ledger.rollup_margin_daily USING brin (day) WITH (autosummarize='on');
alter table ledger.rollup_margin_daily enable row level security;
create policy all_rows on ledger.rollup_margin_daily for select to purser_work using (true);
create policy new_rows on ledger.rollup_margin_daily for insert to purser_work with check (true);
create policy own_rows on ledger.rollup_margin_daily for select to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select on ledger.rollup_margin_daily to purser_work;

create table ledger.rollup_model_daily (
  day date not null,
  plan text,
  provider text,
  model text,
  unit text not null,
  cost numeric not null,
  spent numeric not null
);
CREATE UNIQUE INDEX rollup_model_daily_key ON ledger.rollup_model_daily USING btree (day, plan, provider, model, unit) NULLS NOT DISTINCT;
grant insert, select, update on ledger.rollup_model_daily to purser_work;

create table ledger.rollup_position (
  name text not null,
  xid bigint not null,
  id bigint not null,
  constraint rollup_position_pkey PRIMARY KEY (name),
  constraint rollup_position_name_check CHECK ((name = ANY (ARRAY['account'::text, 'margin'::text, 'model'::text])))
);
grant select, update on ledger.rollup_position to purser_work;

CREATE OR REPLACE FUNCTION ledger.accrue_periods(p_now timestamp with time zone, p_workspace uuid[], p_plan text[], p_period_start timestamp with time zone[], p_price bigint[], p_fees bigint[], p_currency text[])
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_booked     integer;
  v_workspaces uuid[];
  v_plans      text[];
  v_prices     bigint[];
  v_fees       bigint[];
  v_currencies text[];
begin
  with booked as (
    insert into ledger.period (workspace_id, period_start, plan, price, fees, currency, accrued_at)
    select w, s, n, p, f, c, p_now from unnest(p_workspace, p_period_start, p_plan, p_price, p_fees, p_currency) u (w, s, n, p, f, c)
    order by w, s
    on conflict (workspace_id, period_start) do nothing
    returning workspace_id, plan, price, fees, currency
  )
  select count(*), array_agg(workspace_id), array_agg(plan), array_agg(price), array_agg(fees), array_agg(currency)
  into v_booked, v_workspaces, v_plans, v_prices, v_fees, v_currencies from booked;
  if v_booked = 0 then return 0; end if;
  perform ledger.post_many(
    p_now, v_workspaces || v_workspaces, array_fill(null::uuid, array[2 * v_booked]),
    array_fill('receivable'::text, array[v_booked]) || array_fill('fees'::text, array[v_booked]),
    array_fill('revenue:subscription'::text, array[v_booked]) || array_fill('payable:payments'::text, array[v_booked]),
    v_prices || v_fees, v_currencies || v_currencies, v_prices || v_fees, v_currencies || v_currencies, v_plans || v_plans);
  return v_booked;
end $function$;

CREATE OR REPLACE FUNCTION ledger.attempt_costs(p_provider text, p_from timestamp with time zone, p_to timestamp with time zone)
 RETURNS TABLE(day date, model text, unit text, attempts bigint, cost bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select (started_at at time zone 'UTC')::date, model, cost_unit, count(*), sum(cost)::bigint
  from ledger.attempt
  where provider = p_provider and started_at >= p_from and started_at < p_to and cost is not null
  group by 1, 2, 3
$function$;

CREATE OR REPLACE FUNCTION ledger.attempt_facts(p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer)
 RETURNS TABLE(xid bigint, id bigint, line text)
 LANGUAGE sql
 STABLE
AS $function$
  select a.xid, a.id, json_build_array(
    'attempt', a.xid, a.id, a.workspace_id, a.hold_id, a.ordinal, a.actor, a.operation, a.kind, a.provider, a.model,
    a.model_version, a.started_at at time zone 'UTC', a.duration_ms, a.outcome, a.usage, a.cost::text, a.cost_unit,
    a.request_id)::text
  from ledger.attempt a
  where (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id)
  order by a.xid, a.id
  limit p_rows_max
$function$;

CREATE OR REPLACE FUNCTION ledger.attempt_lines(p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer)
 RETURNS TABLE(xid bigint, id bigint, line text)
 LANGUAGE sql
 STABLE
AS $function$
  select a.xid, a.id, json_build_array(
    'attempt', a.xid, a.id, a.workspace_id, a.hold_id, a.ordinal, a.actor || coalesce(' user:' || a.end_user, ''), a.operation, a.kind,
    a.provider, a.model, a.model_version, a.started_at at time zone 'UTC', a.duration_ms, a.outcome, a.usage, a.cost::text, a.cost_unit,
    a.request_id)::text
  from ledger.attempt a
  where (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id)
  order by a.xid, a.id
  limit p_rows_max
$function$;

CREATE OR REPLACE FUNCTION ledger.attempt_sums(p_after bigint, p_through bigint)
 RETURNS TABLE(day date, provider text, model text, operation text, outcome text, attempts bigint, duration_ms bigint)
 LANGUAGE sql
 STABLE
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
  select (started_at at time zone 'UTC')::date, provider, model, operation, outcome, count(*), sum(duration_ms)
  from ledger.attempt where xid > p_after and xid <= p_through
  group by 1, 2, 3, 4, 5
$function$;

CREATE OR REPLACE FUNCTION ledger.attempts_to_erase(p_workspace uuid, p_texts text[], p_pseudonym text)
 RETURNS TABLE(xid bigint, id bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select a.xid, a.id from ledger.attempt a
  where a.workspace_id = p_workspace and a.end_user is not null
    and (p_texts is null or a.end_user = any (p_texts))
    and a.end_user !~ '^erased-[0-9a-f]{12}$'
$function$;

CREATE OR REPLACE FUNCTION ledger.broken_guards(p_table regclass, p_refused text[])
 RETURNS TABLE(guard text)
 LANGUAGE sql
 STABLE
AS $function$
  select format('%s: the append-only trigger is missing or disabled', p_table)
  where not exists (
    select 1 from pg_trigger
    where tgrelid = p_table and tgname = 'append_only' and tgenabled = 'A' and tgfoid = 'ledger.refuse_change'::regproc
      and tgtype = 2 | 8 | 16 | 32) -- before delete, update or truncate, for each statement
  union all
  select format('%s: row-level security is off', p_table)
  from pg_class where oid = p_table and not relrowsecurity
  union all
  select format('%s: purser_app may %s', p_table, privilege)
  from unnest(p_refused) privilege
  where has_table_privilege('purser_app', p_table, privilege)
  union all
  select format('%s: purser_work may %s', p_table, privilege)
  from unnest(array['update', 'delete', 'truncate', 'references', 'trigger']) privilege
  where has_table_privilege('purser_work', p_table, privilege)
  union all
  select format('%s: %s owns it', p_table, relowner::regrole)
  from pg_class where oid = p_table and relowner::regrole::text in ('purser_app', 'purser_work')
  union all
  select format('%s: %s bypasses row-level security', p_table, rolname)
  from pg_roles where rolname in ('purser_app', 'purser_work') and (rolsuper or rolbypassrls)
$function$;

CREATE OR REPLACE FUNCTION ledger.called_providers()
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
AS $function$
  select distinct provider from ledger.rollup_attempt_daily
$function$;

CREATE OR REPLACE FUNCTION ledger.chart_of_accounts()
 RETURNS TABLE(debit text, credit text, unit text, stands_for text)
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select c.debit, c.credit, c.unit, c.stands_for from (values
    ('cost', 'payable:<provider>', 'money', 'what a provider billed for a call, or more than its calls were booked at'),
    ('payable:<provider>', 'cost', 'money', 'what a provider billed less than its calls were booked at'),
    ('overrun', 'payable:<provider>', 'money', 'what a call cost beyond its hold'),
    ('unreconciled', 'payable:<provider>', 'money', 'what a provider may have billed, until someone knows'),
    ('cost', 'unreconciled', 'money', 'of that, what was real'),
    ('payable:<provider>', 'unreconciled', 'money', 'of that, what was not'),
    ('receivable', 'revenue:subscription', 'money', 'the price of a month, as agreed'),
    ('revenue:subscription', 'receivable', 'money', 'taken back'),
    ('receivable', 'revenue:pay_as_you_go', 'money', 'credits sold one by one, as invoiced'),
    ('revenue:pay_as_you_go', 'receivable', 'money', 'taken back'),
    ('receivable', 'revenue:pack:<code>', 'money', 'a pack that was paid'),
    ('revenue:pack:<code>', 'receivable', 'money', 'a pack that was refunded'),
    ('receivable', 'payable:tax', 'money', 'tax on it, owed to the state'),
    ('payable:tax', 'receivable', 'money', 'taken back'),
    ('collected', 'revenue:subscription', 'money', 'collected for a time that has come'),
    ('revenue:subscription', 'collected', 'money', 'refunded of it'),
    ('collected', 'deferred', 'money', 'collected for a time that will come'),
    ('deferred', 'collected', 'money', 'refunded of it'),
    ('deferred', 'revenue:subscription', 'money', 'the time has come'),
    ('revenue:subscription', 'deferred', 'money', 'it has been put off'),
    ('collected', 'payable:tax', 'money', 'tax on it, owed to the state'),
    ('payable:tax', 'collected', 'money', 'taken back'),
    ('fees', 'payable:payments', 'money', 'what the payment provider keeps of subscriptions'),
    ('payable:payments', 'fees', 'money', 'given back'),
    ('fees:pack:<code>', 'payable:payments', 'money', 'what the payment provider keeps of a pack'),
    ('payable:payments', 'fees:pack:<code>', 'money', 'given back'),
    ('granted:<source>', 'wallet', 'credits', 'credits that were granted'),
    ('wallet', 'spent', 'credits', 'credits that a call spent'),
    ('wallet', 'spent:<source>', 'credits', 'the same, of a grant that is named'),
    ('wallet', 'expired', 'credits', 'credits that lapsed, or were taken back')
  ) c (debit, credit, unit, stands_for)
$function$;

CREATE OR REPLACE FUNCTION ledger.cost_sign(p_debit text, p_credit text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select (p_debit in ('cost', 'overrun', 'unreconciled'))::integer - (p_credit in ('cost', 'overrun', 'unreconciled'))::integer $function$;

CREATE OR REPLACE FUNCTION ledger.erase_attempts(p_workspace uuid, p_texts text[], p_pseudonym text, p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_rows integer;
begin
  perform set_config('purser.erasing', 'ledger.attempt', true);
  update ledger.attempt a set end_user = p_pseudonym
  from ledger.attempts_to_erase(p_workspace, p_texts, p_pseudonym) e
  where a.xid = e.xid and a.id = e.id
    and (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id);
  get diagnostics v_rows = row_count;
  perform set_config('purser.erasing', '', true);
  return v_rows;
end $function$;
grant execute on function ledger.erase_attempts(uuid,text[],text,bigint,bigint,bigint,bigint) to purser_work;

CREATE OR REPLACE FUNCTION ledger.erase_postings(p_workspace uuid, p_texts text[], p_pseudonym text, p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  v_rows integer;
begin
  perform set_config('purser.erasing', 'ledger.posting', true);
  update ledger.posting p set reason = p_pseudonym
  from ledger.postings_to_erase(p_workspace, p_texts, p_pseudonym) e
  where p.xid = e.xid and p.id = e.id
    and (p.xid, p.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (p.xid, p.id) <= (p_through_xid, p_through_id);
  get diagnostics v_rows = row_count;
  perform set_config('purser.erasing', '', true);
  return v_rows;
end $function$;
grant execute on function ledger.erase_postings(uuid,text[],text,bigint,bigint,bigint,bigint) to purser_work;

CREATE OR REPLACE FUNCTION ledger.fees_sign(p_debit text, p_credit text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select (p_debit = 'fees' or p_debit like 'fees:%')::integer - (p_credit = 'fees' or p_credit like 'fees:%')::integer $function$;

CREATE OR REPLACE FUNCTION ledger.holds_of_user(p_workspace uuid, p_name text, p_after bigint, p_rows_max integer)
 RETURNS TABLE(holds uuid[], through bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(array_agg(distinct a.hold_id) filter (where a.end_user = p_name), '{}'), max(a.id)
  from (select id, hold_id, end_user from ledger.attempt where workspace_id = p_workspace and id > p_after order by id limit p_rows_max) a
$function$;

CREATE OR REPLACE FUNCTION ledger.horizon()
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$ select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + ledger.transaction_offset() $function$;

CREATE OR REPLACE FUNCTION ledger.is_account(p_account text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select p_account in ('cost', 'overrun', 'unreconciled', 'wallet', 'spent', 'expired', 'receivable', 'collected', 'deferred', 'fees',
      'revenue:subscription', 'revenue:pay_as_you_go')
    or p_account ~ '^(payable|granted|spent|revenue:pack|fees:pack):.+$'
$function$;

CREATE OR REPLACE FUNCTION ledger.is_unit(p_unit text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select p_unit = 'credit' or p_unit ~ '^[A-Z]{3}$' $function$;

CREATE OR REPLACE FUNCTION ledger.last_period(p_workspace uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select max(period_start) from ledger.period where workspace_id = p_workspace
$function$;

CREATE OR REPLACE FUNCTION ledger.lift_transaction_numbers(p_above bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  -- Transactions that have their number and wait for this one stay above too.
  c_room constant bigint := 1000000;
  v_offset bigint;
begin
  lock table ledger.posting, ledger.attempt in share row exclusive mode;
  v_offset := greatest(p_above, ledger.newest_transaction_number()) - pg_current_xact_id()::text::bigint + c_room;
  if v_offset <= ledger.transaction_offset() then return; end if;
  execute format(
    'create or replace function ledger.transaction_offset() returns bigint language sql stable parallel safe as $body$ select %s::bigint $body$',
    v_offset);
end $function$;

CREATE OR REPLACE FUNCTION ledger.margin_lines()
 RETURNS TABLE(xid bigint, id bigint, workspace_id uuid, posted_at timestamp with time zone, plan text, pack text, unit text, revenue bigint, fees bigint, cost bigint, spent bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select xid, id, workspace_id, posted_at, plan, ledger.pack_of(debit, credit), coalesce(reported_unit, unit),
    coalesce(reported, amount) * ledger.revenue_sign(debit, credit),
    coalesce(reported, amount) * ledger.fees_sign(debit, credit),
    coalesce(reported, amount) * ledger.cost_sign(debit, credit),
    case when unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end
  from ledger.posting
$function$;

CREATE OR REPLACE FUNCTION ledger.model_lines(p_after bigint, p_through bigint)
 RETURNS TABLE(day date, plan text, provider text, model text, unit text, cost numeric, spent numeric)
 LANGUAGE sql
 STABLE
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
  with call as (
    select hold_id, provider, model, coalesce(cost, 0)::numeric as weight,
      sum(coalesce(cost, 0)) over (partition by hold_id)::numeric as total,
      row_number() over (partition by hold_id order by ordinal desc, id desc) = 1 as served
    from ledger.attempt where xid > p_after and xid <= p_through
  ), booked as (
    select hold_id, (posted_at at time zone 'UTC')::date as day, plan, coalesce(reported_unit, l.unit) as unit,
      sum(coalesce(reported, amount) * ledger.cost_sign(debit, credit)) as cost,
      sum(case when l.unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end) as spent
    from ledger.posting l where xid > p_after and xid <= p_through
    group by 1, 2, 3, 4
    having sum(coalesce(reported, amount) * ledger.cost_sign(debit, credit)) <> 0
      or sum(case when l.unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end) <> 0
  ), part as (
    select b.*, c.provider, c.model, c.served, case when c.total > 0 and not c.served then div(b.cost * c.weight, c.total) else 0 end as part
    from booked b left join call c on c.hold_id = b.hold_id
  ), shared as (
    select day, plan, provider, model, unit,
      case when served is not false then cost - sum(part) over (partition by hold_id, day, plan, unit) else part end as cost,
      case when served is not false then spent else 0 end as spent
    from part
  )
  select day, plan, provider, model, unit, sum(cost), sum(spent) from shared group by 1, 2, 3, 4, 5
$function$;

CREATE OR REPLACE FUNCTION ledger.newest_rows()
 RETURNS TABLE(source text, xid bigint, id bigint, at timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
  (select 'posting', p.xid, p.id, p.posted_at from ledger.posting p order by p.xid desc, p.id desc limit 1)
  union all
  (select 'attempt', a.xid, a.id, a.started_at from ledger.attempt a order by a.xid desc, a.id desc limit 1)
$function$;

CREATE OR REPLACE FUNCTION ledger.newest_transaction_number()
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select greatest((select max(xid) from ledger.posting), (select max(xid) from ledger.attempt), (select max(xid) from ledger.rollup_position))
$function$;

CREATE OR REPLACE FUNCTION ledger.next_transaction_number()
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select greatest(pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_xact_id_if_assigned()::text::bigint + 1)
    + ledger.transaction_offset()
$function$;

CREATE OR REPLACE FUNCTION ledger.pack_of(p_debit text, p_credit text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case
    when p_credit like '%:pack:%' then substring(p_credit from '^(?:revenue|fees|spent):pack:(.+)$')
    when p_debit like '%:pack:%' then substring(p_debit from '^(?:revenue|fees|spent):pack:(.+)$') end
$function$;

CREATE OR REPLACE FUNCTION ledger.post(p_now timestamp with time zone, p_workspace uuid, p_hold uuid, p_debit text, p_credit text, p_amount bigint, p_unit text, p_reported bigint DEFAULT NULL::bigint, p_reported_unit text DEFAULT NULL::text, p_plan text DEFAULT NULL::text, p_reason text DEFAULT NULL::text)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
declare
  v_id bigint;
begin
  insert into ledger.posting (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan, reason)
  values (p_workspace, p_now, p_hold, p_debit, p_credit, p_amount, p_unit, p_reported, p_reported_unit, p_plan, p_reason)
  returning id into v_id;
  return v_id;
end $function$;

CREATE OR REPLACE FUNCTION ledger.post_many(p_now timestamp with time zone, p_workspace uuid[], p_hold uuid[], p_debit text[], p_credit text[], p_amount bigint[], p_unit text[], p_reported bigint[], p_reported_unit text[], p_plan text[])
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_posted integer;
begin
  insert into ledger.posting (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan)
  select p_workspace[n], p_now, p_hold[n], p_debit[n], p_credit[n], a.amount, p_unit[n], p_reported[n],
    case when p_reported[n] is not null then p_reported_unit[n] end, p_plan[n]
  from unnest(p_amount) with ordinality a (amount, n)
  where a.amount > 0;
  get diagnostics v_posted = row_count;
  return v_posted;
end $function$;

CREATE OR REPLACE FUNCTION ledger.posting_facts(p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer)
 RETURNS TABLE(xid bigint, id bigint, line text)
 LANGUAGE sql
 STABLE
AS $function$
  select p.xid, p.id, json_build_array(
    'posting', p.xid, p.id, p.workspace_id, p.posted_at at time zone 'UTC', p.hold_id, p.debit, p.credit, p.amount::text, p.unit,
    p.reported::text, p.reported_unit, p.plan)::text
  from ledger.posting p
  where (p.xid, p.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (p.xid, p.id) <= (p_through_xid, p_through_id)
  order by p.xid, p.id
  limit p_rows_max
$function$;

CREATE OR REPLACE FUNCTION ledger.posting_lines(p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer)
 RETURNS TABLE(xid bigint, id bigint, line text)
 LANGUAGE sql
 STABLE
AS $function$
  select p.xid, p.id, json_build_array(
    'posting', p.xid, p.id, p.workspace_id, p.posted_at at time zone 'UTC', p.hold_id, p.debit, p.credit, p.amount::text, p.unit,
    p.reported::text, p.reported_unit, p.plan, p.reason)::text
  from ledger.posting p
  where (p.xid, p.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (p.xid, p.id) <= (p_through_xid, p_through_id)
  order by p.xid, p.id
  limit p_rows_max
$function$;

CREATE OR REPLACE FUNCTION ledger.postings_to_erase(p_workspace uuid, p_texts text[], p_pseudonym text)
 RETURNS TABLE(xid bigint, id bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select p.xid, p.id from ledger.posting p
  where p.workspace_id = p_workspace and p.reason is not null and p.reason !~ '^erased-[0-9a-f]{12}$'
    and (p_texts is null or base.names_one_of(p.reason, p_texts))
$function$;

CREATE OR REPLACE FUNCTION ledger.record_attempts(p_attempts jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
begin
  insert into ledger.attempt (workspace_id, hold_id, ordinal, actor, end_user, operation, kind, provider, model, model_version,
                              started_at, duration_ms, outcome, usage, cost, cost_unit, request_id)
  select workspace_id, hold_id, ordinal, actor, end_user, operation, kind, provider, model, model_version,
         started_at, duration_ms, outcome, usage, cost, cost_unit, request_id
  from jsonb_to_recordset(p_attempts) as a (
    workspace_id uuid, hold_id uuid, ordinal smallint, actor text, end_user text, operation text, kind text, provider text, model text,
    model_version text, started_at timestamptz, duration_ms integer, outcome text, usage jsonb, cost bigint, cost_unit text,
    request_id text);
end $function$;

CREATE OR REPLACE FUNCTION ledger.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' and current_setting('purser.erasing', true) = tg_table_schema || '.' || tg_table_name then return null; end if;
  raise exception '%.% is append-only: % refused', tg_table_schema, tg_table_name, tg_op using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION ledger.refuse_off_chart()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      declare
        v_posting text;
      begin
        select format('%s ← %s in %s', a.debit, a.credit, a.unit) into v_posting from added a
        where ((case when a.debit in ('payable:tax', 'payable:payments') then a.debit
    when a.debit like 'payable:_%' then 'payable:<provider>' when a.debit like 'granted:_%' then 'granted:<source>'
    when a.debit like 'spent:_%' then 'spent:<source>' when a.debit like 'revenue:pack:_%' then 'revenue:pack:<code>'
    when a.debit like 'fees:pack:_%' then 'fees:pack:<code>' else a.debit end) || ' < ' || (case when a.credit in ('payable:tax', 'payable:payments') then a.credit
    when a.credit like 'payable:_%' then 'payable:<provider>' when a.credit like 'granted:_%' then 'granted:<source>'
    when a.credit like 'spent:_%' then 'spent:<source>' when a.credit like 'revenue:pack:_%' then 'revenue:pack:<code>'
    when a.credit like 'fees:pack:_%' then 'fees:pack:<code>' else a.credit end) || case when a.unit = 'credit' then ' in credits' else ' in money' end) <> all ('{"cost < payable:<provider> in money","payable:<provider> < cost in money","overrun < payable:<provider> in money","unreconciled < payable:<provider> in money","cost < unreconciled in money","payable:<provider> < unreconciled in money","receivable < revenue:subscription in money","revenue:subscription < receivable in money","receivable < revenue:pay_as_you_go in money","revenue:pay_as_you_go < receivable in money","receivable < revenue:pack:<code> in money","revenue:pack:<code> < receivable in money","receivable < payable:tax in money","payable:tax < receivable in money","collected < revenue:subscription in money","revenue:subscription < collected in money","collected < deferred in money","deferred < collected in money","deferred < revenue:subscription in money","revenue:subscription < deferred in money","collected < payable:tax in money","payable:tax < collected in money","fees < payable:payments in money","payable:payments < fees in money","fees:pack:<code> < payable:payments in money","payable:payments < fees:pack:<code> in money","granted:<source> < wallet in credits","wallet < spent in credits","wallet < spent:<source> in credits","wallet < expired in credits"}'::text[])
        limit 1;
        if found then
          raise exception '% is not in the chart of accounts', v_posting using errcode = 'check_violation';
        end if;
        return null;
      end $function$;

CREATE OR REPLACE FUNCTION ledger.request_ids(p_holds uuid[])
 RETURNS TABLE(hold_id uuid, request_id text)
 LANGUAGE sql
 STABLE
AS $function$
  select a.hold_id, a.request_id from ledger.attempt a where a.hold_id = any (p_holds) and a.request_id is not null
$function$;

CREATE OR REPLACE FUNCTION ledger.resolved_costs(p_holds uuid[])
 RETURNS TABLE(hold_id uuid, cost bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select p.hold_id, sum(p.amount)::bigint from ledger.posting p
  where p.hold_id = any (p_holds) and (p.debit = 'cost' and p.credit = 'unreconciled' or p.debit = 'overrun' and p.credit like 'payable:%')
  group by 1
$function$;

CREATE OR REPLACE FUNCTION ledger.revenue_sign(p_debit text, p_credit text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select (p_credit like 'revenue:%')::integer - (p_debit like 'revenue:%')::integer $function$;

CREATE OR REPLACE FUNCTION ledger.roll_up_accounts(p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_after ledger.rollup_position;
  v_step  record;
begin
  select * into v_after from ledger.rollup_position where name = 'account' for update skip locked;
  if not found then return 0; end if;
  select * into v_step from ledger.rollup_step(v_after.xid, v_after.id, p_rows_max);
  if v_step.rows = 0 then return 0; end if;

  insert into ledger.rollup_account_daily as r (day, plan, debit, credit, unit, reported_unit, postings, amount, reported)
  select (posted_at at time zone 'UTC')::date, plan, debit, credit, unit, reported_unit, count(*), sum(amount), coalesce(sum(reported), 0)
  from ledger.posting
  where (xid, id) > (v_after.xid, v_after.id) and (xid, id) <= (v_step.xid, v_step.id)
  group by 1, 2, 3, 4, 5, 6
  on conflict (day, plan, debit, credit, unit, reported_unit) do update set
    postings = r.postings + excluded.postings, amount = r.amount + excluded.amount, reported = r.reported + excluded.reported;

  update ledger.rollup_position set xid = v_step.xid, id = v_step.id where name = 'account';
  return v_step.rows;
end $function$;

CREATE OR REPLACE FUNCTION ledger.roll_up_margins(p_rows integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_after ledger.rollup_position;
  v_step  record;
begin
  select * into v_after from ledger.rollup_position where name = 'margin' for update skip locked;
  if not found then return 0; end if;
  select * into v_step from ledger.rollup_step(v_after.xid, v_after.id, p_rows);
  if v_step.rows < p_rows then return 0; end if;

  insert into ledger.rollup_margin_daily (workspace_id, day, plan, pack, unit, revenue, fees, cost, spent)
  select workspace_id, (posted_at at time zone 'UTC')::date, plan, pack, unit, sum(revenue), sum(fees), sum(cost), sum(spent)
  from ledger.margin_lines()
  where (xid, id) > (v_after.xid, v_after.id) and (xid, id) <= (v_step.xid, v_step.id)
    and (revenue <> 0 or fees <> 0 or cost <> 0 or spent <> 0)
  group by 1, 2, 3, 4, 5;

  update ledger.rollup_position set xid = v_step.xid, id = v_step.id where name = 'margin';
  return v_step.rows;
end $function$;

CREATE OR REPLACE FUNCTION ledger.roll_up_models(p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  v_after   bigint;
  v_horizon constant bigint := ledger.horizon();
  v_first   bigint;
  v_cut     bigint;
  v_through bigint;
  v_rows    integer;
begin
  select xid into v_after from ledger.rollup_position where name = 'model' for update skip locked;
  if not found then return 0; end if;
  if v_after >= ledger.next_transaction_number() then
    raise exception 'the books go to transaction %, beyond the counter of this database: it was restored from a dump and must be adopted first', v_after;
  end if;
  select min(n.xid), count(*), max(n.xid) into v_first, v_rows, v_cut
  from (select p.xid from ledger.posting p where p.xid > v_after and p.xid < v_horizon order by p.xid, p.id limit p_rows_max) n;
  if v_rows = p_rows_max then
    v_through := case when v_cut > v_first then v_cut - 1 else v_cut end;
  else
    v_through := greatest(
      (select p.xid from ledger.posting p where p.xid < v_horizon order by p.xid desc limit 1),
      (select a.xid from ledger.attempt a where a.xid < v_horizon order by a.xid desc limit 1));
    if v_through is null or v_through <= v_after then return 0; end if;
  end if;

  insert into ledger.rollup_model_daily as r (day, plan, provider, model, unit, cost, spent)
  select day, plan, provider, model, unit, cost, spent from ledger.model_lines(v_after, v_through)
  on conflict (day, plan, provider, model, unit) do update set cost = r.cost + excluded.cost, spent = r.spent + excluded.spent;
  insert into ledger.rollup_attempt_daily as r (day, provider, model, operation, outcome, attempts, duration_ms)
  select day, provider, model, operation, outcome, attempts, duration_ms from ledger.attempt_sums(v_after, v_through)
  on conflict (day, provider, model, operation, outcome) do update set
    attempts = r.attempts + excluded.attempts, duration_ms = r.duration_ms + excluded.duration_ms;
  update ledger.rollup_position set xid = v_through, id = 9223372036854775807 where name = 'model';
  return v_rows;
end $function$;

CREATE OR REPLACE FUNCTION ledger.rollup_step(p_after_xid bigint, p_after_id bigint, p_rows_max integer, OUT rows integer, OUT xid bigint, OUT id bigint)
 RETURNS record
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
begin
  if p_after_xid >= ledger.next_transaction_number() then
    raise exception 'the books go to transaction %, beyond the counter of this database: it was restored from a dump and must be adopted first', p_after_xid;
  end if;
  select count(*), max(s.xid), max(s.id) filter (where s.last) into rows, xid, id
  from (select n.xid, n.id, row_number() over (order by n.xid desc, n.id desc) = 1 as last
        from (select p.xid, p.id from ledger.posting p
              where (p.xid, p.id) > (p_after_xid, p_after_id) and p.xid < ledger.horizon()
              order by p.xid, p.id limit p_rows_max) n) s;
end $function$;

CREATE OR REPLACE FUNCTION ledger.spent_sign(p_debit text, p_credit text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ select (p_credit = 'spent' or p_credit like 'spent:%')::integer - (p_debit = 'spent' or p_debit like 'spent:%')::integer $function$;

CREATE OR REPLACE FUNCTION ledger.totals()
 RETURNS TABLE(workspace_id uuid, unit text, granted numeric, spent numeric, expired numeric, cost numeric, overrun numeric, unreconciled numeric)
 LANGUAGE sql
 STABLE
AS $function$
  select workspace_id, unit,
    coalesce(sum(value) filter (where debit like 'granted:%'), 0) - coalesce(sum(value) filter (where credit like 'granted:%'), 0),
    coalesce(sum(value) filter (where credit like 'spent%'), 0) - coalesce(sum(value) filter (where debit like 'spent%'), 0),
    coalesce(sum(value) filter (where credit = 'expired'), 0) - coalesce(sum(value) filter (where debit = 'expired'), 0),
    coalesce(sum(value) filter (where debit = 'cost'), 0) - coalesce(sum(value) filter (where credit = 'cost'), 0),
    coalesce(sum(value) filter (where debit = 'overrun'), 0) - coalesce(sum(value) filter (where credit = 'overrun'), 0),
    coalesce(sum(value) filter (where debit = 'unreconciled'), 0) - coalesce(sum(value) filter (where credit = 'unreconciled'), 0)
  from (select workspace_id, coalesce(reported_unit, unit) as unit, debit, credit, sum(coalesce(reported, amount)) as value
        from ledger.posting group by 1, 2, 3, 4) p
  group by 1, 2
$function$;

CREATE OR REPLACE FUNCTION ledger.transaction_number()
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$ select pg_current_xact_id()::text::bigint + ledger.transaction_offset() $function$;

CREATE OR REPLACE FUNCTION ledger.transaction_offset()
 RETURNS bigint
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ select 0::bigint $function$;

CREATE OR REPLACE FUNCTION ledger.verify()
 RETURNS TABLE(kind text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
  with book as materialized (
    select (p.posted_at at time zone 'UTC')::date as day, p.plan, p.debit, p.credit, p.unit, p.reported_unit,
      (p.xid, p.id) <= (a.xid, a.id) as by_account, (p.xid, p.id) <= (m.xid, m.id) as by_margin, count(*) as postings, sum(p.amount) as amount, coalesce(sum(p.reported), 0) as reported,
      count(*) filter (where p.amount <= 0 or p.debit = p.credit or p.reported < 0 or (p.reported is null) <> (p.reported_unit is null)) as bad,
      sum(coalesce(p.reported, p.amount)) as value, max(p.xid) as newest
    from ledger.posting p, ledger.rollup_position a, ledger.rollup_position m
    where a.name = 'account' and m.name = 'margin'
    group by 1, 2, 3, 4, 5, 6, 7, 8),
  kept as (select day, plan, debit, credit, unit, reported_unit, postings, amount, reported from ledger.rollup_account_daily),
  expected_margin as (
    select day, plan, ledger.pack_of(debit, credit) as pack, coalesce(reported_unit, unit) as unit,
      sum(value * ledger.revenue_sign(debit, credit)) as revenue, sum(value * ledger.fees_sign(debit, credit)) as fees,
      sum(value * ledger.cost_sign(debit, credit)) as cost,
      sum(case when unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end) as spent
    from book where by_margin group by 1, 2, 3, 4),
  kept_margin as (
    select day, plan, pack, unit, sum(revenue) as revenue, sum(fees) as fees, sum(cost) as cost, sum(spent) as spent
    from ledger.rollup_margin_daily group by 1, 2, 3, 4)
  select 'entries', coalesce(sum(postings), 0)::text from book
  union all
  select 'posting', format('%s postings debit %s, credit %s on %s break a rule of the books', bad, debit, credit, day)
  from book where bad > 0
  union all
  select 'posting', format('a posting bears transaction %s, which has not been', max(newest))
  from book having max(newest) >= ledger.next_transaction_number()
  union all
  select 'account', format('unknown account %s in %s postings', account, sum(postings))
  from (select debit as account, postings from book union all select credit, postings from book) side
  where not ledger.is_account(account) group by account
  union all
  select 'unit', format('unknown unit %s in %s postings', u, sum(postings))
  from (select unit as u, postings from book union all select reported_unit, postings from book where reported_unit is not null) side
  where not ledger.is_unit(u) group by u
  union all
  select 'sum', format('the daily sums of %s, plan %s, debit %s, credit %s, %s are not those of the postings', day, plan, debit, credit, unit)
  from (select day, plan, debit, credit, unit, reported_unit, sum(postings) as postings, sum(amount) as amount, sum(reported) as reported
        from (select day, plan, debit, credit, unit, reported_unit, postings, amount, reported from book where by_account
              union all
              select day, plan, debit, credit, unit, reported_unit, -postings, -amount, -reported from kept) both_sides
        group by 1, 2, 3, 4, 5, 6) difference
  where postings <> 0 or amount <> 0 or reported <> 0
  union all
  select 'sum', format('the daily margin of %s, plan %s, pack %s, %s is not that of the postings', day, plan, pack, unit)
  from (select day, plan, pack, unit, sum(revenue) as revenue, sum(fees) as fees, sum(cost) as cost, sum(spent) as spent
        from (select day, plan, pack, unit, revenue, fees, cost, spent from expected_margin
              union all
              select day, plan, pack, unit, -revenue, -fees, -cost, -spent from kept_margin) both_sides
        group by 1, 2, 3, 4) difference
  where revenue <> 0 or fees <> 0 or cost <> 0 or spent <> 0
$function$;

CREATE OR REPLACE FUNCTION ledger.verify_models()
 RETURNS TABLE(kind text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
  with book as (
    select (posted_at at time zone 'UTC')::date as day, plan, debit, credit, p.unit, reported_unit, sum(amount) as amount,
      sum(coalesce(reported, amount)) as value
    from ledger.posting p where xid <= (select r.xid from ledger.rollup_position r where r.name = 'model')
    group by 1, 2, 3, 4, 5, 6
  ), called as (
    select (started_at at time zone 'UTC')::date as day, provider, model, count(*) as attempts
    from ledger.attempt where xid <= (select r.xid from ledger.rollup_position r where r.name = 'model')
    group by 1, 2, 3
  )
  select 'sum', format('the daily sums by model of %s, plan %s, %s are not those of the postings', day, plan, unit)
  from (
    select day, plan, coalesce(reported_unit, unit) as unit, value * ledger.cost_sign(debit, credit) as cost,
      case when unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end as spent
    from book
    union all
    select day, plan, unit, -cost, -spent from ledger.rollup_model_daily) both_sides
  group by day, plan, unit having sum(cost) <> 0 or sum(spent) <> 0
  union all
  select 'sum', format('%s calls of %s by %s/%s are in the daily sums, %s were recorded', sum(kept), day, provider, model, sum(recorded))
  from (
    select day, provider, model, 0 as kept, attempts as recorded from called
    union all
    select day, provider, model, attempts, 0 from ledger.rollup_attempt_daily) both_sides
  group by day, provider, model having sum(kept) <> sum(recorded)
$function$;

create schema license;
grant usage on schema license to purser_app;
grant usage on schema license to purser_work;

create table license.change (
  workspace_id uuid not null,
  id bigint generated always as identity not null,
  from_stage text not null,
  to_stage text not null,
  at timestamp with time zone not null,
  why text not null,
  what_to_do text not null,
  reference text not null,
  xid bigint default ledger.transaction_number() not null,
  constraint change_pkey PRIMARY KEY (xid, id),
  constraint a_change CHECK (((from_stage <> to_stage) OR (to_stage = 'degraded'::text)))
);
CREATE INDEX change_of_workspace ON license.change USING btree (workspace_id, id);
alter table license.change enable row level security;
create policy all_rows on license.change for select to purser_work using (true);
create policy new_rows on license.change for insert to purser_work with check (true);
create policy own_rows on license.change for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON license.change FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
grant select on license.change to purser_app;
grant insert, select on license.change to purser_work;

create table license.earlier_subscription (
  workspace_id uuid not null,
  subscription text not null,
  constraint earlier_subscription_pkey PRIMARY KEY (workspace_id)
);
alter table license.earlier_subscription enable row level security;
create policy all_rows on license.earlier_subscription for all to purser_work using (true);
create policy own_rows on license.earlier_subscription for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on license.earlier_subscription to purser_app;
grant select on license.earlier_subscription to purser_work;

create table license.event (
  workspace_id uuid not null,
  event_id text not null,
  kind text not null,
  at timestamp with time zone not null,
  ranked_at timestamp with time zone not null,
  reference text not null,
  recorded_at timestamp with time zone not null,
  subscription text,
  adds boolean default false not null,
  constraint event_pkey PRIMARY KEY (workspace_id, event_id),
  constraint event_check CHECK ((ranked_at >= at)),
  constraint event_event_id_check CHECK (((length(event_id) >= 1) AND (length(event_id) <= 200))),
  constraint event_kind_check CHECK ((kind = ANY (ARRAY['failed'::text, 'excused'::text, 'paid'::text, 'ended'::text, 'paused'::text, 'resumed'::text, 'refunded'::text, 'set_active'::text, 'set_grace'::text, 'set_cancelled'::text]))),
  constraint event_reference_check CHECK ((length(reference) <= 200)),
  constraint event_subscription_check CHECK (((length(subscription) >= 1) AND (length(subscription) <= 200)))
);
alter table license.event enable row level security;
create policy all_rows on license.event for select to purser_work using (true);
create policy new_rows on license.event for insert to purser_work with check (true);
create policy own_rows on license.event for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON license.event FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
grant select on license.event to purser_app;
grant insert, select on license.event to purser_work;

create table license.standing (
  workspace_id uuid not null,
  stage text not null,
  due_at timestamp with time zone,
  release text,
  steps smallint default 0 not null,
  constraint standing_pkey PRIMARY KEY (workspace_id),
  constraint standing_stage_check CHECK ((stage = ANY (ARRAY['active'::text, 'grace'::text, 'degraded'::text, 'cancelled'::text]))),
  constraint standing_steps_check CHECK ((steps >= 0))
);
CREATE INDEX standing_by_due ON license.standing USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX standing_to_release ON license.standing USING btree (workspace_id) WHERE (release IS NOT NULL);
alter table license.standing enable row level security;
create policy all_rows on license.standing for all to purser_work using (true);
create policy own_rows on license.standing for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on license.standing to purser_app;
grant insert, select, update on license.standing to purser_work;

CREATE OR REPLACE FUNCTION license.name_earlier(p_workspace uuid, p_subscription text)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into license.earlier_subscription (workspace_id, subscription) values (p_workspace, p_subscription) on conflict do nothing
$function$;

create schema marketplace;
grant usage on schema marketplace to purser_app;
grant usage on schema marketplace to purser_work;

create table marketplace.checkout (
  workspace_id uuid not null,
  checkout_id uuid not null,
  actor text not null,
  request_hash text not null,
  kind text not null,
  code text not null,
  name text not null,
  catalogue_version text not null,
  price bigint not null,
  currency text not null,
  quantity integer not null,
  credits bigint not null,
  expires_months integer,
  ceiling_raise bigint not null,
  fee_numerator bigint not null,
  fee_denominator bigint not null,
  fee_fixed bigint not null,
  lines jsonb not null,
  return_url text not null,
  created_at timestamp with time zone not null,
  session_id text,
  url text,
  closed_at timestamp with time zone,
  constraint checkout_pkey PRIMARY KEY (checkout_id),
  constraint checkout_session_id_key UNIQUE (session_id),
  constraint checkout_ceiling_raise_check CHECK ((ceiling_raise >= 0)),
  constraint checkout_credits_check CHECK ((credits >= 0)),
  constraint checkout_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint checkout_fee_denominator_check CHECK ((fee_denominator > 0)),
  constraint checkout_fee_fixed_check CHECK ((fee_fixed >= 0)),
  constraint checkout_fee_numerator_check CHECK ((fee_numerator >= 0)),
  constraint checkout_kind_check CHECK ((kind = ANY (ARRAY['pack'::text, 'plan'::text]))),
  constraint checkout_price_check CHECK ((price > 0)),
  constraint checkout_quantity_check CHECK ((quantity > 0))
);
CREATE INDEX checkout_of_workspace ON marketplace.checkout USING btree (workspace_id, created_at);
alter table marketplace.checkout enable row level security;
create policy all_rows on marketplace.checkout for all to purser_work using (true);
create policy own_rows on marketplace.checkout for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select on marketplace.checkout to purser_app;
grant insert, select, update on marketplace.checkout to purser_work;

create table marketplace.closed_terms (
  workspace_id uuid not null,
  until timestamp with time zone not null,
  opener text not null,
  paid text[] not null,
  snapshots text[] not null,
  known text not null,
  constraint closed_terms_pkey PRIMARY KEY (workspace_id)
);
alter table marketplace.closed_terms enable row level security;
create policy all_rows on marketplace.closed_terms for all to purser_work using (true);
create policy own_rows on marketplace.closed_terms for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on marketplace.closed_terms to purser_app;
grant delete, insert, select, update on marketplace.closed_terms to purser_work;

create table marketplace.credit_note (
  stripe_id text not null,
  invoice_id text not null,
  amount bigint not null,
  void boolean not null,
  to_balance bigint default 0 not null,
  at timestamp with time zone,
  constraint credit_note_pkey PRIMARY KEY (stripe_id),
  constraint credit_note_amount_check CHECK ((amount >= 0)),
  constraint credit_note_to_balance_check CHECK ((to_balance >= 0))
);
CREATE INDEX credit_note_of_invoice ON marketplace.credit_note USING btree (invoice_id);
grant insert, select, update on marketplace.credit_note to purser_work;

create table marketplace.customer (
  workspace_id uuid not null,
  stripe_customer text not null,
  created_at timestamp with time zone not null,
  constraint customer_pkey PRIMARY KEY (workspace_id),
  constraint customer_stripe_customer_key UNIQUE (stripe_customer)
);
alter table marketplace.customer enable row level security;
create policy all_rows on marketplace.customer for all to purser_work using (true);
create policy own_rows on marketplace.customer for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select on marketplace.customer to purser_app;
grant insert, select, update on marketplace.customer to purser_work;

create table marketplace.event (
  event_id text not null,
  workspace_id uuid not null,
  type text not null,
  created_at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  outcome text not null,
  detail text,
  payload jsonb not null,
  constraint event_pkey PRIMARY KEY (event_id),
  constraint event_outcome_check CHECK ((outcome = ANY (ARRAY['applied'::text, 'ignored'::text, 'refused'::text])))
);
CREATE INDEX event_of_workspace ON marketplace.event USING btree (workspace_id, received_at);
CREATE INDEX event_with_payload ON marketplace.event USING btree (received_at) WHERE (payload <> '{}'::jsonb);
alter table marketplace.event enable row level security;
create policy all_rows on marketplace.event for all to purser_work using (true);
create policy own_rows on marketplace.event for select to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select, update on marketplace.event to purser_work;

create table marketplace.invoice (
  workspace_id uuid not null,
  invoice_id text not null,
  plan text,
  paid_at timestamp with time zone not null,
  currency text not null,
  paid bigint not null,
  tax bigint not null,
  reversed bigint default 0 not null,
  reversal_fees bigint default 0 not null,
  given_back boolean default false not null,
  told integer default 0 not null,
  subscription_id text,
  reason text default 'cycle'::text not null,
  made_at timestamp with time zone,
  lines jsonb default '[]'::jsonb not null,
  catalogue_version text default ''::text not null,
  told_at timestamp with time zone,
  to_balance bigint default 0 not null,
  from_balance bigint default 0 not null,
  fees bigint,
  fees_asked_at timestamp with time zone,
  constraint invoice_pkey PRIMARY KEY (invoice_id),
  constraint invoice_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint invoice_fees_check CHECK ((fees >= 0)),
  constraint invoice_from_balance_check CHECK ((from_balance >= 0)),
  constraint invoice_paid_check CHECK ((paid >= 0)),
  constraint invoice_reason_check CHECK ((reason = ANY (ARRAY['create'::text, 'cycle'::text, 'change'::text]))),
  constraint invoice_tax_check CHECK (((tax >= 0) AND (tax <= paid))),
  constraint invoice_to_balance_check CHECK ((to_balance >= 0)),
  constraint sound CHECK ((((reversed >= 0) AND (reversed <= paid)) AND (reversal_fees >= 0)))
);
CREATE INDEX fees_to_learn ON marketplace.invoice USING btree (fees_asked_at, paid_at) WHERE ((fees IS NULL) AND (paid > 0));
CREATE INDEX invoice_of_workspace ON marketplace.invoice USING btree (workspace_id, paid_at);
alter table marketplace.invoice enable row level security;
create policy all_rows on marketplace.invoice for all to purser_work using (true);
create policy own_rows on marketplace.invoice for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on marketplace.invoice to purser_app;
grant insert, select, update on marketplace.invoice to purser_work;

create table marketplace.invoice_payment (
  payment_intent text not null,
  invoice_id text not null,
  constraint invoice_payment_pkey PRIMARY KEY (payment_intent)
);
CREATE INDEX payment_of_invoice ON marketplace.invoice_payment USING btree (invoice_id);
grant insert, select on marketplace.invoice_payment to purser_work;

create table marketplace.presented (
  payment_intent text not null,
  currency text not null,
  amount bigint not null,
  constraint presented_pkey PRIMARY KEY (payment_intent, currency),
  constraint presented_amount_check CHECK ((amount > 0))
);
grant insert, select on marketplace.presented to purser_work;

create table marketplace.purchase (
  workspace_id uuid not null,
  checkout_id uuid not null,
  session_id text not null,
  payment_intent text not null,
  code text not null,
  plan text not null,
  paid_at timestamp with time zone not null,
  credits bigint not null,
  currency text not null,
  paid bigint not null,
  tax bigint not null,
  fees bigint not null,
  fees_known boolean default false not null,
  fees_asked_at timestamp with time zone,
  reported_unit text not null,
  rate_numerator bigint not null,
  rate_denominator bigint not null,
  reversed bigint default 0 not null,
  reversal_fees bigint default 0 not null,
  raised bigint default 0 not null,
  raise_steps integer default 0 not null,
  repaid bigint default 0 not null,
  owed bigint default 0 not null,
  owed_paid bigint default 0 not null,
  ceiling_raise bigint,
  constraint purchase_pkey PRIMARY KEY (checkout_id),
  constraint purchase_payment_intent_key UNIQUE (payment_intent),
  constraint purchase_session_id_key UNIQUE (session_id),
  constraint purchase_checkout_id_fkey FOREIGN KEY (checkout_id) REFERENCES marketplace.checkout(checkout_id),
  constraint purchase_ceiling_raise_check CHECK ((ceiling_raise >= 0)),
  constraint purchase_check CHECK (((tax >= 0) AND (tax < paid))),
  constraint purchase_credits_check CHECK ((credits > 0)),
  constraint purchase_fees_check CHECK ((fees >= 0)),
  constraint purchase_paid_check CHECK ((paid > 0)),
  constraint purchase_raised_check CHECK ((raised >= 0)),
  constraint purchase_rate_denominator_check CHECK ((rate_denominator > 0)),
  constraint purchase_rate_numerator_check CHECK ((rate_numerator > 0)),
  constraint sound CHECK ((((reversed >= 0) AND (reversed <= paid)) AND (LEAST(reversal_fees, repaid, owed_paid) >= 0) AND (owed >= owed_paid)))
);
CREATE INDEX purchase_of_time ON marketplace.purchase USING btree (paid_at);
CREATE INDEX purchase_of_workspace ON marketplace.purchase USING btree (workspace_id, paid_at);
CREATE INDEX purchase_that_owes ON marketplace.purchase USING btree (workspace_id) WHERE (owed > owed_paid);
CREATE INDEX purchase_with_unknown_fees ON marketplace.purchase USING btree (paid_at) WHERE (NOT fees_known);
alter table marketplace.purchase enable row level security;
create policy all_rows on marketplace.purchase for all to purser_work using (true);
create policy own_rows on marketplace.purchase for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on marketplace.purchase to purser_app;
grant insert, select, update on marketplace.purchase to purser_work;

create table marketplace.purchase_grant (
  workspace_id uuid not null,
  grant_id uuid not null,
  checkout_id uuid not null,
  ordinal integer not null,
  credits bigint not null,
  taken bigint default 0 not null,
  constraint purchase_grant_pkey PRIMARY KEY (grant_id),
  constraint purchase_grant_checkout_id_ordinal_key UNIQUE (checkout_id, ordinal),
  constraint purchase_grant_checkout_id_fkey FOREIGN KEY (checkout_id) REFERENCES marketplace.purchase(checkout_id),
  constraint purchase_grant_check CHECK (((taken >= 0) AND (taken <= credits))),
  constraint purchase_grant_credits_check CHECK ((credits > 0))
);
alter table marketplace.purchase_grant enable row level security;
create policy all_rows on marketplace.purchase_grant for all to purser_work using (true);
create policy own_rows on marketplace.purchase_grant for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on marketplace.purchase_grant to purser_app;
grant insert, select, update on marketplace.purchase_grant to purser_work;

create table marketplace.question (
  workspace_id uuid not null,
  subscription_id text not null,
  why text not null,
  asked_at timestamp with time zone,
  constraint question_pkey PRIMARY KEY (subscription_id),
  constraint question_why_check CHECK ((why = ANY (ARRAY['tie'::text, 'period'::text])))
);
alter table marketplace.question enable row level security;
create policy all_rows on marketplace.question for all to purser_work using (true);
create policy own_rows on marketplace.question for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on marketplace.question to purser_app;
grant delete, insert, select, update on marketplace.question to purser_work;

create table marketplace.receipt_link (
  payment_intent text not null,
  url text not null,
  constraint receipt_link_pkey PRIMARY KEY (payment_intent)
);
alter table marketplace.receipt_link enable row level security;
create policy all_rows on marketplace.receipt_link for all to purser_work using (true);
create policy own_receipts on marketplace.receipt_link for select to purser_app using ((EXISTS ( SELECT
   FROM marketplace.purchase p
  WHERE ((p.payment_intent = receipt_link.payment_intent) AND (p.workspace_id = base.current_workspace())))));
grant select on marketplace.receipt_link to purser_app;
grant delete, insert, select on marketplace.receipt_link to purser_work;

create table marketplace.reversal (
  stripe_id text not null,
  payment_intent text not null,
  kind text not null,
  amount bigint not null,
  fee bigint not null,
  state text not null,
  at timestamp with time zone not null,
  currency text,
  fee_currency text,
  withdrawn bigint,
  withdrawn_currency text,
  state_at timestamp with time zone,
  constraint reversal_pkey PRIMARY KEY (stripe_id),
  constraint reversal_amount_check CHECK ((amount >= 0)),
  constraint reversal_fee_check CHECK ((fee >= 0)),
  constraint reversal_kind_check CHECK ((kind = ANY (ARRAY['charge'::text, 'refund'::text, 'dispute'::text]))),
  constraint reversal_state_check CHECK ((state = ANY (ARRAY['open'::text, 'failed'::text, 'won'::text, 'lost'::text]))),
  constraint reversal_withdrawn_check CHECK ((withdrawn >= 0))
);
CREATE INDEX reversal_of_payment ON marketplace.reversal USING btree (payment_intent);
grant insert, select, update on marketplace.reversal to purser_work;

create table marketplace.snapshot (
  workspace_id uuid not null,
  event_id text not null,
  subscription_id text not null,
  at timestamp with time zone not null,
  rank integer not null,
  status text not null,
  plan text not null,
  price text not null,
  items jsonb not null,
  period_start timestamp with time zone,
  period_end timestamp with time zone,
  trial_start timestamp with time zone,
  trial_end timestamp with time zone,
  catalogue_version text not null,
  checkout_id uuid,
  constraint snapshot_pkey PRIMARY KEY (event_id),
  constraint snapshot_status_check CHECK ((status = ANY (ARRAY['incomplete'::text, 'trialing'::text, 'active'::text, 'owing'::text, 'paused'::text, 'ended'::text])))
);
CREATE INDEX snapshot_of_subscription ON marketplace.snapshot USING btree (subscription_id, at);
CREATE INDEX snapshot_of_workspace ON marketplace.snapshot USING btree (workspace_id, at);
alter table marketplace.snapshot enable row level security;
create policy all_rows on marketplace.snapshot for all to purser_work using (true);
create policy own_rows on marketplace.snapshot for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on marketplace.snapshot to purser_app;
grant insert, select on marketplace.snapshot to purser_work;

create table marketplace.subscription (
  workspace_id uuid not null,
  subscription_id text not null,
  plan text not null,
  status text not null,
  live boolean not null,
  event_at timestamp with time zone not null,
  event_id text not null,
  constraint subscription_pkey PRIMARY KEY (subscription_id)
);
CREATE INDEX subscription_of_workspace ON marketplace.subscription USING btree (workspace_id);
alter table marketplace.subscription enable row level security;
create policy all_rows on marketplace.subscription for all to purser_work using (true);
create policy own_rows on marketplace.subscription for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on marketplace.subscription to purser_app;
grant insert, select, update on marketplace.subscription to purser_work;

create table marketplace.told_fee (
  payment_intent text not null,
  fee bigint not null,
  currency text not null,
  constraint told_fee_pkey PRIMARY KEY (payment_intent),
  constraint told_fee_fee_check CHECK ((fee >= 0))
);
grant insert, select, update on marketplace.told_fee to purser_work;

CREATE OR REPLACE FUNCTION marketplace.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
  v_total integer;
begin
  update marketplace.event set payload = '{}', detail = null where event_id in (
    select event_id from marketplace.event where workspace_id = p_workspace and (payload <> '{}' or detail is not null) limit p_rows_max);
  get diagnostics v_total = row_count;
  update marketplace.checkout set return_url = '', url = null where checkout_id in (
    select checkout_id from marketplace.checkout where workspace_id = p_workspace and (return_url <> '' or url is not null) limit p_rows_max);
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  delete from marketplace.receipt_link r where payment_intent in (
    select payment_intent from marketplace.purchase where workspace_id = p_workspace
    union all select p.payment_intent from marketplace.invoice_payment p join marketplace.invoice i using (invoice_id) where i.workspace_id = p_workspace);
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $function$;

CREATE OR REPLACE FUNCTION marketplace.forget_payloads(p_before timestamp with time zone, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
begin
  update marketplace.event set payload = '{}' where ctid = any (array(
    select ctid from marketplace.event where received_at < p_before and payload <> '{}' limit p_rows_max for update skip locked));
  get diagnostics v_rows = row_count;
  return v_rows;
end $function$;

CREATE OR REPLACE FUNCTION marketplace.has_live_subscription(p_workspace uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select exists (select from marketplace.subscription where workspace_id = p_workspace and live)
$function$;

CREATE OR REPLACE FUNCTION marketplace.known_before(p_workspace uuid, p_until timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select concat_ws(' ',
    (select count(*) from marketplace.snapshot where workspace_id = p_workspace and at < p_until),
    (select concat_ws(' ', count(*), sum(paid), sum(tax), sum(reversed), sum(reversal_fees), count(fees), sum(fees))
     from marketplace.invoice where workspace_id = p_workspace and paid_at < p_until))
$function$;

CREATE OR REPLACE FUNCTION marketplace.owed_credits(p_workspace uuid)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(sum(owed - owed_paid), 0)::bigint from marketplace.purchase where workspace_id = p_workspace and owed > owed_paid
$function$;

create schema meters;
grant usage on schema meters to purser_app;
grant usage on schema meters to purser_work;

create type meters.class as enum ('cost', 'quota', 'credit', 'gauge');

create type meters.state as enum ('open', 'settled', 'voided', 'expired', 'reconciled');

create table meters."grant" (
  id uuid not null,
  workspace_id uuid not null,
  meter_id uuid not null,
  source text not null,
  pack text,
  priority smallint not null,
  granted_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  amount bigint not null,
  held bigint default 0 not null,
  used bigint default 0 not null,
  expired bigint default 0 not null,
  expired_at timestamp with time zone,
  closed boolean default false not null,
  reason text,
  constraint grant_pkey PRIMARY KEY (id),
  constraint never_negative_never_more_than_granted CHECK (((LEAST(held, used, expired, (amount - 1)) >= 0) AND (((held + used) + expired) <= amount)))
);
CREATE INDEX grant_by_expiry ON meters."grant" USING btree (expires_at) WHERE (NOT closed);
CREATE INDEX open_grant_of_workspace ON meters."grant" USING btree (workspace_id) WHERE (NOT closed);
alter table meters."grant" enable row level security;
create policy all_rows on meters."grant" for all to purser_work using (true);
create policy own_rows on meters."grant" for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on meters."grant" to purser_app;
grant insert, select, update on meters."grant" to purser_work;

create table meters.hold (
  id uuid not null,
  workspace_id uuid not null,
  state meters.state default 'open'::meters.state not null,
  held_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  meters uuid[] not null,
  kinds "char"[] not null,
  amounts bigint[] not null,
  actuals bigint[] not null,
  credit_meter uuid,
  grants uuid[] default '{}'::uuid[] not null,
  grant_amounts bigint[] default '{}'::bigint[] not null,
  packs text[],
  plan text not null,
  provider text not null,
  cost bigint not null,
  cost_unit text not null,
  reported bigint not null,
  reported_unit text not null,
  constraint hold_pkey PRIMARY KEY (id),
  constraint whole CHECK (((LEAST(cost, reported) >= 0) AND ((state = 'open'::meters.state) = (ended_at IS NULL)) AND (cardinality(meters) = cardinality(actuals))))
);
CREATE INDEX hold_by_expiry ON meters.hold USING brin (expires_at) WITH (pages_per_range='32', autosummarize='on');
alter table meters.hold enable row level security;
create policy all_rows on meters.hold for all to purser_work using (true);
create policy own_rows on meters.hold for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on meters.hold to purser_app;
grant insert, select, update on meters.hold to purser_work;

create table meters.idempotency (
  workspace_id uuid not null,
  key text not null,
  request_hash text not null,
  hold_id uuid not null,
  claimed_at timestamp with time zone not null,
  answer text,
  balance bigint,
  constraint idempotency_pkey PRIMARY KEY (workspace_id, key),
  constraint idempotency_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);
CREATE INDEX idempotency_by_age ON meters.idempotency USING brin (claimed_at) WITH (autosummarize='on');
CREATE INDEX idempotency_of_hold ON meters.idempotency USING btree (hold_id);
alter table meters.idempotency enable row level security;
create policy all_rows on meters.idempotency for all to purser_work using (true);
create policy own_rows on meters.idempotency for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on meters.idempotency to purser_app;
grant delete, insert, select, update on meters.idempotency to purser_work;

create table meters.meter (
  id uuid not null,
  workspace_id uuid not null,
  key text not null,
  unit text not null,
  class meters.class not null,
  window_start timestamp with time zone not null,
  window_end timestamp with time zone,
  constraint meter_pkey PRIMARY KEY (id)
);
CREATE INDEX meter_of_workspace ON meters.meter USING btree (workspace_id, window_start);
alter table meters.meter enable row level security;
create policy all_rows on meters.meter for all to purser_work using (true);
create policy own_rows on meters.meter for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on meters.meter to purser_app;
grant insert, select on meters.meter to purser_work;

create table meters.panel (
  workspace_id uuid not null,
  grant_due_at timestamp with time zone,
  meters uuid[] default '{}'::uuid[] not null,
  caps meters.amounts default '{}'::bigint[] not null,
  unreconciled meters.amounts default '{}'::bigint[] not null,
  overrun meters.amounts default '{}'::bigint[] not null,
  used meters.amounts default '{}'::bigint[] not null,
  held meters.amounts default '{}'::bigint[] not null,
  spare meters.amounts default '{}'::bigint[] not null,
  constraint panel_pkey PRIMARY KEY (workspace_id),
  constraint parallel CHECK ((cardinality((spare)::bigint[]) = cardinality(meters)))
);
alter table meters.panel enable row level security;
create policy all_rows on meters.panel for all to purser_work using (true);
create policy own_rows on meters.panel for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on meters.panel to purser_app;
grant insert, select, update on meters.panel to purser_work;

create table meters.rest (
  meter_id uuid not null,
  workspace_id uuid not null,
  cap bigint not null,
  used bigint not null,
  unreconciled bigint not null,
  overrun bigint not null,
  spare bigint not null,
  constraint rest_pkey PRIMARY KEY (meter_id),
  constraint never_negative CHECK ((LEAST(cap, used, unreconciled, overrun, spare) >= 0))
);
alter table meters.rest enable row level security;
create policy all_rows on meters.rest for all to purser_work using (true);
create policy own_rows on meters.rest for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on meters.rest to purser_app;
grant delete, insert, select on meters.rest to purser_work;

create table meters.sweep (
  only_row boolean default true not null,
  swept_to timestamp with time zone not null,
  constraint sweep_pkey PRIMARY KEY (only_row),
  constraint sweep_only_row_check CHECK (only_row)
);
grant insert, select, update on meters.sweep to purser_work;

create table meters.unresolved (
  hold_id uuid not null,
  workspace_id uuid not null,
  provider text not null,
  model text,
  cause text not null,
  counted boolean not null,
  since timestamp with time zone not null,
  cost bigint not null,
  cost_unit text not null,
  reported bigint not null,
  reported_unit text not null,
  resolved_at timestamp with time zone,
  verdict text,
  constraint unresolved_pkey PRIMARY KEY (hold_id),
  constraint sound CHECK (((LEAST(cost, reported) >= 0) AND ((resolved_at IS NULL) = (verdict IS NULL)) AND COALESCE((verdict = ANY (ARRAY['billed'::text, 'not_billed'::text])), true)))
);
CREATE INDEX unresolved_counted ON meters.unresolved USING btree (since) WHERE ((resolved_at IS NULL) AND counted);
CREATE INDEX unresolved_of_provider ON meters.unresolved USING btree (provider, since) WHERE (resolved_at IS NULL);
CREATE INDEX unresolved_of_workspace ON meters.unresolved USING btree (workspace_id, since);
alter table meters.unresolved enable row level security;
create policy all_rows on meters.unresolved for all to purser_work using (true);
create policy own_rows on meters.unresolved for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on meters.unresolved to purser_app;
grant insert, select, update on meters.unresolved to purser_work;

create view meters.counter as
 SELECT m.id,
    m.workspace_id,
    m.key,
    m.unit,
    m.class,
    m.window_start,
    m.window_end,
    c.cap,
    c.held,
    c.used,
    c.unreconciled,
    c.overrun
   FROM meters.meter m
     CROSS JOIN LATERAL ( SELECT p.caps[p.n] AS cap,
            p.held[p.n] AS held,
            p.used[p.n] AS used,
            p.unreconciled[p.n] AS unreconciled,
            p.overrun[p.n] AS overrun
           FROM ( SELECT x.workspace_id,
                    x.grant_due_at,
                    x.meters,
                    x.caps,
                    x.unreconciled,
                    x.overrun,
                    x.used,
                    x.held,
                    x.spare,
                    array_position(x.meters, m.id) AS n
                   FROM meters.panel x
                  WHERE x.workspace_id = m.workspace_id
                 OFFSET 0) p
          WHERE p.n IS NOT NULL
        UNION ALL
         SELECT r.cap,
            0,
            r.used,
            r.unreconciled,
            r.overrun
           FROM meters.rest r
          WHERE r.meter_id = m.id) c;
grant select on meters.counter to purser_app;
grant select on meters.counter to purser_work;

CREATE OR REPLACE FUNCTION meters.admit_locked(p_now timestamp with time zone, p_panel uuid[], p_first integer[], p_count integer[], p_meter uuid[], p_cap bigint[], p_before bigint[], p_after bigint[], p_verdict integer[], p_hold uuid[], p_workspace uuid[], p_expires timestamp with time zone[], p_base integer[], p_legs integer[], p_leg_id uuid[], p_leg_kind "char"[], p_leg_amount bigint[], p_credit_leg integer[], p_plan text[], p_provider text[], p_cost bigint[], p_cost_unit text[], p_reported bigint[], p_reported_unit text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_draws meters.draw[];
  v_n     integer[] := '{}';
  v_who   uuid[] := '{}';
  v_asked bigint[] := '{}';
  v_drawn bigint;
begin
  for n in 1 .. cardinality(p_hold) loop
    if p_verdict[n] = 0 and p_credit_leg[n] > 0 then
      v_drawn := p_leg_amount[p_base[n] + p_credit_leg[n]];
      if v_drawn > 0 then
        v_n := v_n || n;
        v_who := v_who || p_workspace[n];
        v_asked := v_asked || v_drawn;
      end if;
    end if;
  end loop;
  if v_n <> '{}' then v_draws := meters.draw_credits(cardinality(p_hold), v_n, v_who, v_asked); end if;

  -- Whole arrays are laid out once: a slice of a variable copies all of it.
  with flat as materialized (
    select p_meter as meters, p_leg_id as ids, p_leg_kind as kinds, p_leg_amount as amounts
  ), counted as (
    update meters.panel p set caps = m.caps, held = m.held, spare = m.spare
    from flat cross join generate_subscripts(p_panel, 1) k
    cross join lateral (
      select x.ctid as row, x.meters, x.caps, x.used, x.unreconciled, x.held, x.spare from meters.panel x
      where x.workspace_id = p_panel[k] offset 0
    ) x
    cross join lateral (
      select array_agg(s.cap) as caps, array_agg(s.held + s.taken) as held,
        array_agg(case when s.taken = 0 then s.spare
                       else greatest(s.spare, s.cap - s.held - s.used - s.unreconciled) - s.taken end) as spare,
        bool_or(s.taken <> 0 or s.cap <> s.before) as changed
      from (
        select u.cap as before, case when p_cap[u.c] >= 0 then p_cap[u.c] else u.cap end as cap,
          coalesce(p_before[u.c] - p_after[u.c], 0) as taken, u.used, u.unreconciled, u.held, u.spare
        from (
          select w.*, p_first[k] - 1 + array_position(flat.meters[p_first[k] : p_first[k] + p_count[k] - 1], w.meter) as c
          from (select unnest(x.meters) as meter, unnest(x.caps) as cap, unnest(x.used) as used, unnest(x.unreconciled) as unreconciled,
                  unnest(x.held) as held, unnest(x.spare) as spare) w
          offset 0
        ) u
        offset 0
      ) s
    ) m
    where p.ctid = x.row and m.changed
  )
  insert into meters.hold (id, workspace_id, held_at, expires_at, meters, kinds, amounts, actuals, credit_meter, grants, grant_amounts, packs,
                           plan, provider, cost, cost_unit, reported, reported_unit)
  select h.id, p_workspace[n], p_now, p_expires[n],
    flat.ids[p_base[n] + 1 : p_base[n] + p_legs[n]], flat.kinds[p_base[n] + 1 : p_base[n] + p_legs[n]],
    flat.amounts[p_base[n] + 1 : p_base[n] + p_legs[n]],
    array_fill(0::bigint, array[p_legs[n]]),
    case when p_credit_leg[n] > 0 then p_leg_id[p_base[n] + p_credit_leg[n]] end,
    coalesce((v_draws[n]).grants, '{}'), coalesce((v_draws[n]).amounts, '{}'), (v_draws[n]).packs,
    p_plan[n], p_provider[n], p_cost[n], p_cost_unit[n], p_reported[n], p_reported_unit[n]
  from flat cross join unnest(p_hold) with ordinality h (id, n)
  where p_verdict[n] = 0;
end $function$;

CREATE OR REPLACE FUNCTION meters.apply(p_now timestamp with time zone, p_workspaces uuid[], p_panel uuid[], p_first integer[], p_count integer[], p_meter uuid[], p_cap bigint[], p_fresh text, p_hold uuid[], p_workspace uuid[], p_expires timestamp with time zone[], p_key text[], p_hash text[], p_base integer[], p_legs integer[], p_leg_meter integer[], p_leg_id uuid[], p_leg_kind "char"[], p_leg_amount bigint[], p_credit_leg integer[], p_exposed_leg integer[], p_plan text[], p_hold_provider text[], p_hold_cost bigint[], p_hold_cost_unit text[], p_hold_reported bigint[], p_hold_reported_unit text[], p_end uuid[], p_kind text[], p_actual_first integer[], p_actual bigint[], p_cost bigint[], p_reported bigint[], p_provider text[], p_answer text[], p_attempts jsonb)
 RETURNS TABLE(verdicts integer[], lefts bigint[], others uuid[], states text[], places integer[], credits bigint[])
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
  v_holds   constant integer := cardinality(p_hold);
  v_ends    constant integer := cardinality(p_end);
  v_due     uuid[];
  v_free    bigint[];
  v_before  bigint[];
  v_verdict integer[] := array_fill(0, array[v_holds]);
  v_ended   uuid[];
  v_late    uuid[];
  v_credit  uuid[];
  v_owner   uuid[];
  v_claim   record;
  v_denied  boolean := false;
  v_left    bigint;
begin
  v_due := meters.lock_panels(p_now, p_workspaces, p_fresh is not null);
  if v_due is not null then perform meters.expire_locked_grants(p_now, v_due); end if;

  if p_key is not null then
    insert into meters.idempotency (workspace_id, key, request_hash, hold_id, claimed_at)
    select h.workspace_id, h.key, h.hash, h.id, p_now
    from unnest(p_hold, p_workspace, p_key, p_hash) with ordinality h (id, workspace_id, key, hash, n)
    where h.key <> '' order by h.workspace_id, h.key, h.n on conflict do nothing;
    for v_claim in
      select h.ordinality::integer as n, i.hold_id, i.request_hash = h.hash as same
      from unnest(p_hold, p_workspace, p_key, p_hash) with ordinality h (id, workspace_id, key, hash)
      cross join lateral (select * from meters.idempotency x where x.workspace_id = h.workspace_id and x.key = h.key offset 0) i
      where h.key <> '' and i.hold_id <> h.id
    loop
      v_verdict[v_claim.n] := case when v_claim.same then -1 else -2 end;
      others := coalesce(others, array_fill(null::uuid, array[v_holds]));
      others[v_claim.n] := v_claim.hold_id;
      v_denied := true;
    end loop;
  end if;

  if v_ends > 0 then
    select e.ended, e.places, e.credit_meters, e.workspaces into v_ended, places, v_credit, v_owner
    from meters.end_open(p_now, p_end, p_kind, p_actual_first, p_actual, p_cost, p_reported, p_provider) e;
    if p_kind && array['doubt', 'outage', 'timeout'] and v_ended is not null then
      perform meters.end_unresolved(p_now, array_agg(e.id order by e.n), array_agg(e.kind order by e.n), p_attempts)
      from unnest(p_end, p_kind) with ordinality e (id, kind, n)
      where e.kind in ('doubt', 'outage', 'timeout') and e.id = any (v_ended) having count(*) > 0;
    end if;
    if p_answer is not null and v_ended is not null then perform meters.end_keys(v_ended, p_end, p_kind, p_answer); end if;
    if coalesce(cardinality(v_ended), 0) < v_ends then
      v_late := meters.end_doubted(p_now, p_end, p_kind, p_actual_first, p_actual, p_cost, p_reported, p_provider);
      select array_agg(case when e.id = any (v_ended) then 'open' when e.id = any (v_late) then 'expired'
                            else coalesce(h.state::text, 'unknown') end order by e.n),
        array_agg(e.n::integer order by e.n), array_agg(h.credit_meter order by e.n),
        array_agg(h.workspace_id order by e.n)
      into states, places, v_credit, v_owner
      from unnest(p_end) with ordinality e (id, n)
      left join lateral (select x.id, x.state, x.credit_meter, x.workspace_id from meters.hold x where x.id = e.id offset 0) h on true;
      -- A hold that had ended before keeps the attempts it had.
      p_attempts := (select jsonb_agg(a) from jsonb_array_elements(p_attempts) a
                     where (a ->> 'hold_id')::uuid = any (v_ended || v_late));
    end if;
    if p_attempts is not null then perform ledger.record_attempts(p_attempts); end if;
  end if;

  if v_holds > 0 then
    v_free := meters.room(p_panel, p_first, p_count, p_meter, p_cap);
    if array_position(v_free, null) > 0 then
      if p_fresh is not null then perform meters.describe(p_fresh); end if;
      perform meters.bring(p_now, array(select p_panel[k] from generate_subscripts(p_panel, 1) k, generate_series(1, p_count[k])), p_meter);
      v_free := meters.room(p_panel, p_first, p_count, p_meter, p_cap);
    end if;
    v_before := v_free;

    for n in 1 .. v_holds loop
      if v_verdict[n] = 0 then
        for l in p_base[n] + 1 .. p_base[n] + p_legs[n] loop
          v_left := v_free[p_leg_meter[l]];
          -- What is taken of the cost with this hold, and what calls under way may come to beyond theirs, stay within the exposure's cap.
          if l = p_base[n] + p_exposed_leg[n] then
            v_left := v_left - (p_cap[p_leg_meter[l - 1]] - v_free[p_leg_meter[l - 1]] + p_leg_amount[l - 1]);
          end if;
          if p_leg_amount[l] > v_left then
            v_verdict[n] := l - p_base[n];
            lefts := coalesce(lefts, array_fill(0::bigint, array[v_holds]));
            lefts[n] := v_left;
            v_denied := true;
            exit;
          end if;
        end loop;
        if v_verdict[n] = 0 then
          for l in p_base[n] + 1 .. p_base[n] + p_legs[n] loop
            v_free[p_leg_meter[l]] := v_free[p_leg_meter[l]] - p_leg_amount[l];
          end loop;
        end if;
      end if;
    end loop;

    perform meters.admit_locked(
      p_now, p_panel, p_first, p_count, p_meter, p_cap, v_before, v_free, v_verdict, p_hold, p_workspace, p_expires, p_base, p_legs,
      p_leg_id, p_leg_kind, p_leg_amount, p_credit_leg, p_plan, p_hold_provider, p_hold_cost, p_hold_cost_unit, p_hold_reported, p_hold_reported_unit);
    if p_key is not null then
      delete from meters.idempotency i
      where i.hold_id = any (array(select h.id from unnest(p_hold, v_verdict) h (id, verdict) where h.verdict > 0));
    end if;
  end if;

  if v_denied then verdicts := v_verdict; end if;
  if v_credit is not null then
    credits := array(
      select (select p.caps[c] - p.held[c] - p.used[c] from meters.panel p, array_position(p.meters, v_credit[n]) c
              where p.workspace_id = v_owner[n])
      from generate_subscripts(v_credit, 1) n);
    if p_answer is not null then perform meters.keep_balances(p_end, p_answer, places, credits); end if;
  end if;
  return next;
end $function$;

CREATE OR REPLACE FUNCTION meters.book_late(p_now timestamp with time zone, p_of uuid, p_as uuid, p_cost bigint)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  v_hold    meters.hold;
  v_meters  uuid[];
  v_amounts bigint[];
begin
  select * into v_hold from meters.hold h where h.id = p_of;
  if not found or p_cost <= 0 or v_hold.cost <= 0 then return false; end if;
  select coalesce(array_agg(v_hold.meters[l] order by l), '{}'),
    coalesce(array_agg(ceil(v_hold.amounts[l]::numeric * p_cost / v_hold.cost)::bigint order by l), '{}')
  into v_meters, v_amounts
  from generate_subscripts(v_hold.meters, 1) l where v_hold.kinds[l] = 'c';
  if not meters.keep_lost(p_now, v_hold.workspace_id, p_as, '[]', v_meters, v_amounts, v_hold.plan, v_hold.provider, p_cost, v_hold.cost_unit,
      ceil(v_hold.reported::numeric * p_cost / v_hold.cost)::bigint, v_hold.reported_unit, '[]') then
    return false;
  end if;
  perform meters.resolve(p_now, array[p_as], array[p_cost]);
  return true;
end $function$;

CREATE OR REPLACE FUNCTION meters.bring(p_now timestamp with time zone, p_workspace uuid[], p_meter uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_meter     uuid[];
  v_workspace uuid[];
begin
  select array_agg(w.meter), array_agg(w.workspace_id) into v_meter, v_workspace
  from (
    select distinct p_meter[n] as meter, p_workspace[n] as workspace_id from generate_subscripts(p_meter, 1) n
    where (select array_position(x.meters, p_meter[n]) from meters.panel x where x.workspace_id = p_workspace[n]) is null
  ) w;
  if v_meter is null then return; end if;
  if exists (select from unnest(v_meter) w where (select m.id from meters.meter m where m.id = w) is null) then
    raise exception 'a meter of the batch is missing' using errcode = 'no_data_found';
  end if;
  perform meters.lay_to_rest(p_now, c.w, c.coming, p_meter)
  from (select w, count(*)::integer as coming from unnest(v_workspace) w group by w) c;
  update meters.panel p set meters = p.meters || c.meters, caps = p.caps || c.caps, used = p.used || c.used,
    unreconciled = p.unreconciled || c.unreconciled, overrun = p.overrun || c.overrun, held = p.held || c.held, spare = p.spare || c.spare
  from (
    select c.*, (select x.ctid from meters.panel x where x.workspace_id = c.workspace_id) as row
    from (
      select v_workspace[n] as workspace_id, array_agg(v_meter[n]) as meters, array_agg(coalesce(r.cap, 0)) as caps,
        array_agg(coalesce(r.used, 0)) as used, array_agg(coalesce(r.unreconciled, 0)) as unreconciled,
        array_agg(coalesce(r.overrun, 0)) as overrun, array_agg(0::bigint) as held, array_agg(coalesce(r.spare, 0)) as spare
      from generate_subscripts(v_meter, 1) n
      left join lateral (select * from meters.rest x where x.meter_id = v_meter[n] offset 0) r on true
      group by v_workspace[n]
    ) c
  ) c
  where p.ctid = c.row;
  delete from meters.rest r where r.meter_id = any (v_meter);
end $function$;

CREATE OR REPLACE FUNCTION meters.count(p_now timestamp with time zone, p_workspace uuid[], p_meter uuid[], p_used bigint[], p_unreconciled bigint[], p_overrun bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform meters.bring(p_now, p_workspace, p_meter);
  for l in 1 .. cardinality(p_meter) loop
    update meters.panel p set
      used[x.n] = p.used[x.n] + p_used[l],
      unreconciled[x.n] = p.unreconciled[x.n] + p_unreconciled[l],
      overrun[x.n] = p.overrun[x.n] + p_overrun[l],
      spare[x.n] = p.spare[x.n] - p_used[l] - p_unreconciled[l]
    from (select x.ctid as row, array_position(x.meters, p_meter[l]) as n from meters.panel x where x.workspace_id = p_workspace[l]) x
    where p.ctid = x.row;
  end loop;
end $function$;

CREATE OR REPLACE FUNCTION meters.count_unresolved(p_now timestamp with time zone, p_holds uuid[], p_sign integer)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform meters.count(p_now, array_agg(l.workspace_id), array_agg(l.meter), array_agg(0::bigint), array_agg(p_sign * l.amount),
    array_agg(0::bigint))
  from (select workspace_id, meter, meters.total(amount) as amount
        from meters.legs_of(p_holds) where kind = 'c' group by workspace_id, meter) l
  having count(*) > 0;
end $function$;

CREATE OR REPLACE FUNCTION meters.describe(p_meters text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into meters.meter (id, workspace_id, key, unit, class, window_start, window_end)
  select m.id, m.workspace_id, m.key, m.unit, m.class, m.window_start, m.window_end
  from jsonb_to_recordset(p_meters::jsonb) m (id uuid, workspace_id uuid, key text, unit text, class meters.class,
                                              window_start timestamptz, window_end timestamptz)
  on conflict do nothing;
end $function$;

CREATE OR REPLACE FUNCTION meters.draw_credits(p_total integer, p_n integer[], p_workspace uuid[], p_amount bigint[])
 RETURNS meters.draw[]
 LANGUAGE plpgsql
AS $function$
declare
  v_draws  meters.draw[] := array_fill(null::meters.draw, array[p_total]);
  v_turns  meters.draw[];
  v_drawn  record;
  v_place  integer[];
  v_count  integer := 0;
begin
  for v_drawn in
    with covered as (
      select w.places, w.amount, g.id, g.pack, g.row
      from (
        select p_workspace[r] as workspace_id, meters.total(p_amount[r]) as amount, array_agg(r) as places
        from generate_subscripts(p_n, 1) r group by 1
      ) w
      cross join lateral (
        select x.ctid as row, x.id, x.pack, x.amount - x.used - x.held - x.expired as free from meters.grant x
        where x.workspace_id = w.workspace_id and not x.closed and x.expired_at is null and x.amount > x.used + x.held + x.expired
        order by x.expires_at nulls last, x.priority, x.id limit 1
      ) g
      where g.free >= w.amount
    ), drawn as (
      update meters.grant g set held = g.held + c.amount from covered c where g.ctid = c.row
    )
    select unnest(c.places) as r, c.id, c.pack from covered c
  loop
    v_draws[p_n[v_drawn.r]] := row(array[v_drawn.id], array[p_amount[v_drawn.r]],
      case when v_drawn.pack is not null then array[v_drawn.pack] end)::meters.draw;
    v_count := v_count + 1;
  end loop;
  if v_count = cardinality(p_n) then return v_draws; end if;

  v_place := array(select r from generate_subscripts(p_n, 1) r where v_draws[p_n[r]] is null);
  v_turns := meters.draw_in_turn(p_total, array(select p_n[r] from unnest(v_place) r), array(select p_workspace[r] from unnest(v_place) r),
    array(select p_amount[r] from unnest(v_place) r));
  foreach v_count in array v_place loop
    v_draws[p_n[v_count]] := v_turns[p_n[v_count]];
  end loop;
  return v_draws;
end $function$;

CREATE OR REPLACE FUNCTION meters.draw_in_turn(p_total integer, p_n integer[], p_workspace uuid[], p_amount bigint[])
 RETURNS meters.draw[]
 LANGUAGE plpgsql
AS $function$
declare
  v_draws   meters.draw[] := array_fill(null::meters.draw, array[p_total]);
  v_missing bigint := (select meters.total(a) from unnest(p_amount) a);
  v_drawn   record;
begin
  for v_drawn in
    with piece as (
      select a.n, g.id, g.pack, g.low, (least(a.high, g.high) - greatest(a.low, g.low))::bigint as amount
      from (
        select w.workspace_id, array_agg(w.n) as ns, array_agg(w.high - w.amount) as lows, array_agg(w.high) as highs
        from (select a.n, p_workspace[r] as workspace_id, p_amount[r] as amount,
                sum(p_amount[r]) over (partition by p_workspace[r] order by r) as high
              from unnest(p_n) with ordinality a (n, r)) w
        group by w.workspace_id
      ) asked
      cross join lateral (
        select f.id, f.pack, sum(f.free) over burn - f.free as low, sum(f.free) over burn as high
        from (select x.id, x.pack, x.expires_at, x.priority, x.amount - x.used - x.held - x.expired as free from meters.grant x
              where x.workspace_id = asked.workspace_id and not x.closed and x.expired_at is null
                and x.amount > x.used + x.held + x.expired) f
        window burn as (order by f.expires_at nulls last, f.priority, f.id)
      ) g
      cross join lateral unnest(asked.ns, asked.lows, asked.highs) a (n, low, high)
      where g.low < a.high and g.high > a.low
    ), drawn as (
      update meters.grant g set held = g.held + d.amount
      from (select d.amount, (select x.ctid from meters.grant x where x.id = d.id) as row
            from (select id, meters.total(amount) as amount from piece group by id) d) d
      where g.ctid = d.row
    )
    select n, array_agg(id order by low) as grants, array_agg(amount order by low) as amounts,
      case when count(pack) > 0 then array_agg(pack order by low) end as packs, meters.total(amount) as amount
    from piece group by n
  loop
    v_draws[v_drawn.n] := row(v_drawn.grants, v_drawn.amounts, v_drawn.packs)::meters.draw;
    v_missing := v_missing - v_drawn.amount;
  end loop;
  if v_missing <> 0 then
    raise exception 'the grants do not cover what the credit meters admitted' using errcode = 'check_violation';
  end if;
  return v_draws;
end $function$;

CREATE OR REPLACE FUNCTION meters.end_doubted(p_now timestamp with time zone, p_end uuid[], p_kind text[], p_first integer[], p_actual bigint[], p_cost bigint[], p_reported bigint[], p_provider text[])
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  v_known uuid[];
begin
  with known as (
    update meters.hold h set
      state    = 'reconciled',
      ended_at = p_now,
      actuals  = case p_kind[n] when 'settle' then p_actual[p_first[n] : p_first[n] + cardinality(h.meters) - 1] else h.actuals end
    from (select n, (select x.ctid from meters.hold x where x.id = e.id) as row from unnest(p_end) with ordinality e (id, n)) e
    where h.ctid = e.row and h.state = 'expired' and p_kind[n] in ('settle', 'void')
    returning h.id
  )
  select array_agg(id) into v_known from known;
  if v_known is null then return null; end if;
  perform meters.count(p_now, array_agg(l.workspace_id), array_agg(l.meter), array_agg(l.used), array_agg(-l.doubted), array_agg(l.excess))
  from (select workspace_id, meter, meters.total(amount) as doubted, meters.total(least(actual, amount)) as used,
          meters.total(greatest(actual - amount, 0)) as excess
        from meters.legs_of(array(
          select k from unnest(v_known) k
          where (select u.hold_id from meters.unresolved u where u.hold_id = k and not u.counted) is null))
        where kind = 'c' group by workspace_id, meter) l
  having count(*) > 0;
  update meters.unresolved u set resolved_at = p_now, verdict = case when e.cost > 0 then 'billed' else 'not_billed' end
  from unnest(p_end, p_cost) e (id, cost)
  where u.hold_id = e.id and e.id = any (v_known);

  perform ledger.post(p_now, h.workspace_id, h.id, p.debit, p.credit, p.amount, h.cost_unit, p.reported, h.reported_unit, h.plan)
  from unnest(p_end, p_cost, p_reported, p_provider) e (id, cost, reported, provider)
  cross join lateral (select * from meters.hold x where x.id = e.id and x.id = any (v_known) offset 0) h
  cross join lateral (values
    ('cost', 'unreconciled', least(e.cost, h.cost), least(e.reported, h.reported)),
    ('payable:' || h.provider, 'unreconciled', h.cost - e.cost, greatest(h.reported - e.reported, 0)),
    ('overrun', 'payable:' || e.provider, e.cost - h.cost, greatest(e.reported - h.reported, 0))) p (debit, credit, amount, reported)
  where p.amount > 0;
  return v_known;
end $function$;

CREATE OR REPLACE FUNCTION meters.end_grants(p_now timestamp with time zone, p_workspace uuid, p_grants uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_ending uuid[];
begin
  perform meters.lock_panels(p_now, array[p_workspace], true);
  with ending as (
    update meters.grant g set expires_at = p_now
    where g.workspace_id = p_workspace and g.id = any (p_grants) and not g.closed and g.expired_at is null
    returning g.id
  )
  select array_agg(id) into v_ending from ending;
  if v_ending is not null then perform meters.lapse_grants(p_now, v_ending); end if;
end $function$;

CREATE OR REPLACE FUNCTION meters.end_keys(p_ended uuid[], p_end uuid[], p_kind text[], p_answer text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update meters.idempotency i set answer = e.answer
  from (select e.answer, (select x.ctid from meters.idempotency x where x.hold_id = e.id) as row
        from unnest(p_end, p_kind, p_answer) e (id, kind, answer)
        where e.kind = 'settle' and e.answer <> '' and e.id = any (p_ended)) e
  where i.ctid = e.row;
  delete from meters.idempotency i
  where i.hold_id = any (array(select e.id from unnest(p_end, p_kind) e (id, kind) where e.kind <> 'settle' and e.id = any (p_ended)));
end $function$;

CREATE OR REPLACE FUNCTION meters.end_open(p_now timestamp with time zone, p_end uuid[], p_kind text[], p_first integer[], p_actual bigint[], p_cost bigint[], p_reported bigint[], p_provider text[], OUT ended uuid[], OUT places integer[], OUT credit_meters uuid[], OUT workspaces uuid[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
declare
  v_lapsed uuid[];
  v_posted integer;
  v_packed uuid[];
  v_over   boolean;
begin
  with gone as (
    update meters.hold h set
      state    = case p_kind[n] when 'settle' then 'settled'::meters.state when 'void' then 'voided' else 'expired' end,
      ended_at = p_now,
      actuals  = case p_kind[n] when 'settle' then p_actual[p_first[n] : p_first[n] + cardinality(h.meters) - 1] else h.actuals end
    from (select n, (select x.ctid from meters.hold x where x.id = e.id) as row from unnest(p_end) with ordinality e (id, n)) e
    where h.ctid = e.row and h.state = 'open'
    returning e.n::integer as n, h.id, h.workspace_id, h.meters, h.kinds, h.amounts, h.actuals, h.credit_meter, h.grants, h.grant_amounts, h.packs, h.plan,
      h.cost, h.cost_unit, h.reported, h.reported_unit, p_provider[n] as provider, p_cost[n] as actual_cost, p_reported[n] as actual_reported,
      case when h.credit_meter is null then 0
           else least(h.actuals[array_position(h.meters, h.credit_meter)], h.amounts[array_position(h.meters, h.credit_meter)]) end as charged
  ), counted as (
    update meters.panel p set used = c.used, held = c.held, spare = c.spare
    from (
      select d.workspace_id, array_agg(d.meter) as meters, array_agg(d.held) as held, array_agg(d.used) as used,
        bool_or(d.beyond) as beyond
      from (
        select case when g.kinds[l.n] < 'a' then '00000000-0000-0000-0000-000000000000' else g.workspace_id end as workspace_id, l.meter,
          meters.total(g.amounts[l.n]) as held,
          meters.total(case when g.kinds[l.n] in ('g', 'G') then 0 else least(g.actuals[l.n], g.amounts[l.n]) end) as used,
          bool_or(g.actuals[l.n] > g.amounts[l.n]) as beyond
        from gone g cross join lateral unnest(g.meters) with ordinality l (meter, n)
        group by 1, l.meter
      ) d
      group by d.workspace_id
    ) d
    cross join lateral (
      select x.ctid as row, x.meters, x.used, x.held, x.spare from meters.panel x where x.workspace_id = d.workspace_id offset 0
    ) x
    cross join lateral (
      select array_agg(u.used + coalesce(d.used[u.n], 0)) as used, array_agg(u.held - coalesce(d.held[u.n], 0)) as held,
        array_agg(u.spare + coalesce(d.held[u.n] - d.used[u.n], 0)) as spare
      from (
        select s.used, s.held, s.spare, array_position(d.meters, s.meter) as n
        from (select unnest(x.meters) as meter, unnest(x.used) as used, unnest(x.held) as held, unnest(x.spare) as spare) s
        offset 0
      ) u
    ) c
    where p.ctid = x.row
    returning d.beyond
  ), returned as (
    update meters.grant g set
      held   = g.held - s.amount,
      used   = g.used + s.spent,
      closed = g.held = s.amount and g.used + s.spent + g.expired = g.amount
    from (
      select d.amount, d.spent, (select x.ctid from meters.grant x where x.id = d.grant_id) as row
      from (
        select d.grant_id, meters.total(d.amount) as amount, meters.total(greatest(0, least(d.amount, d.charged - d.before))) as spent
        from (
          select l.grant_id, g.grant_amounts[l.n] as amount, g.charged,
            case l.n when 1 then 0 else (select meters.total(b) from unnest(g.grant_amounts[: l.n - 1]) b) end as before
          from gone g cross join lateral unnest(g.grants) with ordinality l (grant_id, n)
        ) d
        group by d.grant_id
      ) d
    ) s
    where g.ctid = s.row
    returning g.id, g.expired_at
  )
  select
    (select array_agg(id) from returned where expired_at is not null),
    (select ledger.post_many(p_now, array_agg(g.workspace_id), array_agg(g.id), array_agg(p.debit), array_agg(p.credit), array_agg(p.amount),
        array_agg(p.unit), array_agg(p.reported), array_agg(p.reported_unit), array_agg(g.plan))
     from gone g cross join lateral (values
       ('wallet', 'spent', case when g.packs is null then g.charged else 0 end, 'credit', null::bigint, null::text),
       ('cost', 'payable:' || g.provider, least(g.actual_cost, g.cost), g.cost_unit, least(g.actual_reported, g.reported), g.reported_unit),
       ('overrun', 'payable:' || g.provider, g.actual_cost - g.cost, g.cost_unit, greatest(g.actual_reported - g.reported, 0),
        g.reported_unit)) p (debit, credit, amount, unit, reported, reported_unit)
     where p.amount > 0
     having count(*) > 0),
    g.ended, g.places, g.credit_meters, g.workspaces, g.packed, (select bool_or(c.beyond) from counted c)
  into v_lapsed, v_posted, ended, places, credit_meters, workspaces, v_packed, v_over
  from (select array_agg(id) as ended, array_agg(n) as places, array_agg(credit_meter) as credit_meters, array_agg(workspace_id) as workspaces,
          array_agg(id) filter (where packs is not null) as packed
        from gone) g;
  if v_over then perform meters.end_overruns(p_now, ended); end if;
  if v_packed is not null then perform meters.post_packed(p_now, v_packed); end if;
  if v_lapsed is not null then perform meters.lapse_grants(p_now, v_lapsed); end if;
end $function$;

CREATE OR REPLACE FUNCTION meters.end_overruns(p_now timestamp with time zone, p_holds uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform meters.count(p_now, array_agg(l.workspace_id), array_agg(l.meter), array_agg(0::bigint), array_agg(0::bigint), array_agg(l.excess))
  from (select workspace_id, meter, meters.total(actual - amount) as excess
        from meters.legs_of(p_holds) where kind in ('c', 'q') and actual > amount group by workspace_id, meter) l
  having count(*) > 0;
end $function$;

CREATE OR REPLACE FUNCTION meters.end_unresolved(p_now timestamp with time zone, p_holds uuid[], p_kind text[], p_attempts jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_hold  meters.hold;
  v_last  jsonb;
  v_count uuid[] := '{}';
begin
  for k in 1 .. cardinality(p_holds) loop
    select h.* into v_hold from meters.hold h where h.id = p_holds[k];
    if v_hold.cost = 0 then
      v_count := v_count || v_hold.id;
      continue;
    end if;
    v_last := (select a from jsonb_array_elements(p_attempts) a where (a ->> 'hold_id')::uuid = v_hold.id
               order by (a ->> 'ordinal')::integer desc limit 1);
    insert into meters.unresolved (hold_id, workspace_id, provider, model, cause, counted, since, cost, cost_unit, reported, reported_unit)
    values (v_hold.id, v_hold.workspace_id, v_hold.provider, v_last ->> 'model', coalesce(v_last ->> 'outcome', 'expired'),
      case p_kind[k] when 'outage' then false when 'timeout' then not meters.is_spared(v_hold) else true end,
      p_now, v_hold.cost, v_hold.cost_unit, v_hold.reported, v_hold.reported_unit);
  end loop;
  v_count := v_count || array(select u.hold_id from meters.unresolved u where u.hold_id = any (p_holds) and u.counted);
  perform meters.count_unresolved(p_now, v_count, 1);
  perform ledger.post(p_now, h.workspace_id, h.id, 'unreconciled', 'payable:' || h.provider, h.cost, h.cost_unit, h.reported, h.reported_unit, h.plan)
  from meters.hold h where h.id = any (p_holds) and h.cost > 0;
end $function$;

CREATE OR REPLACE FUNCTION meters.erase_end_user(p_workspace uuid, p_name text, p_holds uuid[], p_pseudonym text)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
  v_total integer;
begin
  perform from meters.panel where workspace_id = p_workspace for update;
  delete from meters.idempotency where workspace_id = p_workspace and hold_id = any (p_holds);
  get diagnostics v_total = row_count;
  update meters.meter set key = left(key, length(key) - length(p_name)) || p_pseudonym
  where workspace_id = p_workspace and key ~ '^([a-z_]+_user_day:|credits:member:)'
    and regexp_replace(key, '^([a-z_]+_user_day:|credits:member:)', '') = p_name;
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update meters.grant set reason = p_pseudonym where workspace_id = p_workspace and base.names_one_of(reason, array[p_name]);
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $function$;

CREATE OR REPLACE FUNCTION meters.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
  v_total integer;
begin
  perform from meters.panel where workspace_id = p_workspace for update;
  delete from meters.idempotency where (workspace_id, key) in (
    select workspace_id, key from meters.idempotency where workspace_id = p_workspace limit p_rows_max);
  get diagnostics v_total = row_count;
  update meters.meter set key = regexp_replace(key, '^(.*_user_day:|credits:[a-z]+:).*$', '\1') || p_pseudonym where id in (
    select id from meters.meter where workspace_id = p_workspace and key ~ '^(.*_user_day:|credits:[a-z]+:)'
      and key !~ ':erased-[0-9a-f]{12}$' limit p_rows_max);
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update meters.grant set reason = p_pseudonym where id in (
    select id from meters.grant where workspace_id = p_workspace and reason is not null and reason !~ '^erased-[0-9a-f]{12}$' limit p_rows_max);
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $function$;

CREATE OR REPLACE FUNCTION meters.expire_grants(p_now timestamp with time zone, p_limit integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
  v_workspaces uuid[];
begin
  select array_agg(distinct workspace_id) into v_workspaces
  from (select workspace_id from meters.grant
        where not closed and expires_at <= p_now and expired_at is null limit p_limit) due;
  if v_workspaces is null then return 0; end if;
  perform meters.lock_panels(p_now, v_workspaces, false);
  perform meters.expire_locked_grants(p_now, v_workspaces);
  return cardinality(v_workspaces);
end $function$;

CREATE OR REPLACE FUNCTION meters.expire_locked_grants(p_now timestamp with time zone, p_workspaces uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_due uuid[] := (select array_agg(g.id) from meters.grant g
                   where g.workspace_id = any (p_workspaces) and not g.closed and g.expires_at <= p_now and g.expired_at is null);
begin
  if v_due is not null then perform meters.lapse_grants(p_now, v_due); end if;
  update meters.panel u set grant_due_at = (
    select min(g.expires_at) from meters.grant g where g.workspace_id = u.workspace_id and not g.closed and g.expired_at is null)
  where u.workspace_id = any (p_workspaces);
end $function$;

CREATE OR REPLACE FUNCTION meters.forget_answers(p_before timestamp with time zone, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
begin
  delete from meters.idempotency i using (
    select workspace_id, key from meters.idempotency where claimed_at < p_before limit p_rows_max for update skip locked) due
  where i.workspace_id = due.workspace_id and i.key = due.key
    and not exists (select from meters.hold h where h.id = i.hold_id and h.state = 'open');
  get diagnostics v_rows = row_count;
  return v_rows;
end $function$;

CREATE OR REPLACE FUNCTION meters.grant_credits(p_now timestamp with time zone, p_meter uuid[], p_workspace uuid[], p_grant uuid[], p_source text[], p_priority smallint[], p_amount bigint[], p_expires timestamp with time zone[], p_reason text[], p_pack text[])
 RETURNS uuid[]
 LANGUAGE plpgsql
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
  v_made uuid[];
begin
  perform meters.lock_panels(p_now, (select array_agg(distinct w) from unnest(p_workspace) w), true);
  insert into meters.meter (id, workspace_id, key, unit, class, window_start)
  select distinct m, w, 'credits', 'credit', 'credit'::meters.class, 'epoch'::timestamptz from unnest(p_meter, p_workspace) u (m, w)
  on conflict do nothing;
  perform meters.bring(p_now, p_workspace, p_meter);
  -- A repeat may come when the grant's time is long over, and is still only a repeat.
  with made as (
    insert into meters.grant (id, workspace_id, meter_id, source, pack, priority, granted_at, expires_at, amount, reason)
    select g, w, m, s, k, p, p_now, x, a, r
    from unnest(p_meter, p_workspace, p_grant, p_source, p_priority, p_amount, p_expires, p_reason, p_pack) u (m, w, g, s, p, a, x, r, k)
    where (select known.id from meters.grant known where known.id = g) is null
    on conflict do nothing
    returning id, workspace_id, meter_id, amount, expires_at
  ), capped as (
    update meters.panel p set
      caps[array_position(p.meters, d.meter_id)] = p.caps[array_position(p.meters, d.meter_id)] + d.amount,
      grant_due_at = least(p.grant_due_at, d.expires_at)
    from (select d.*, (select x.ctid from meters.panel x where x.workspace_id = d.workspace_id) as row
          from (select workspace_id, meter_id, meters.total(amount) as amount, min(expires_at) as expires_at
                from made group by workspace_id, meter_id) d) d
    where p.ctid = d.row
  )
  select array_agg(id) into v_made from made;
  perform ledger.post(p_now, w, null, 'granted:' || s, 'wallet', a, 'credit', p_reason => r)
  from unnest(p_workspace, p_grant, p_source, p_amount, p_reason) u (w, g, s, a, r) where g = any (v_made);
  return v_made;
end $function$;

CREATE OR REPLACE FUNCTION meters.is_spared(p_hold meters.hold)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
  v_spared boolean;
begin
  select p_hold.reported + coalesce((
      select meters.total(u.reported) from meters.unresolved u
      where u.workspace_id = p_hold.workspace_id and u.since >= c.window_start and not u.counted and u.cause in ('timeout', 'garbage')
        and u.reported_unit = p_hold.reported_unit and u.verdict is distinct from 'not_billed'), 0) <= c.cap / 10
  into v_spared
  from generate_subscripts(p_hold.meters, 1) n
  join meters.counter c on c.id = p_hold.meters[n]
  where p_hold.kinds[n] = 'c' and c.unit = p_hold.reported_unit
  limit 1;
  return coalesce(v_spared, false);
end $function$;

CREATE OR REPLACE FUNCTION meters.keep_balances(p_end uuid[], p_answer text[], p_places integer[], p_credits bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  update meters.idempotency i set balance = e.credits
  from (select p_credits[n] as credits, (select x.ctid from meters.idempotency x where x.hold_id = p_end[p_places[n]]) as row
        from generate_subscripts(p_places, 1) n where p_answer[p_places[n]] <> '') e
  where i.ctid = e.row and i.answer is not null;
end $function$;

CREATE OR REPLACE FUNCTION meters.keep_lost(p_now timestamp with time zone, p_workspace uuid, p_hold uuid, p_described text, p_meters uuid[], p_amounts bigint[], p_plan text, p_provider text, p_cost bigint, p_cost_unit text, p_reported bigint, p_reported_unit text, p_attempts jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
begin
  perform meters.lock_panels(p_now, array[p_workspace, '00000000-0000-0000-0000-000000000000'], true);
  perform meters.describe(p_described);
  perform meters.bring(p_now, array(select p_workspace from unnest(p_meters)), p_meters);
  insert into meters.hold (id, workspace_id, state, held_at, expires_at, ended_at, meters, kinds, amounts, actuals, plan, provider,
                           cost, cost_unit, reported, reported_unit)
  values (p_hold, p_workspace, 'expired', p_now, p_now, p_now, p_meters, array(select 'c'::"char" from unnest(p_meters)), p_amounts,
          array(select 0::bigint from unnest(p_meters)), p_plan, p_provider, p_cost, p_cost_unit, p_reported, p_reported_unit)
  on conflict do nothing;
  if not found then return false; end if;
  insert into meters.unresolved (hold_id, workspace_id, provider, model, cause, counted, since, cost, cost_unit, reported, reported_unit)
  values (p_hold, p_workspace, p_provider, p_attempts -> -1 ->> 'model', 'lost', false, p_now, p_cost, p_cost_unit, p_reported, p_reported_unit);
  if p_cost > 0 then
    perform ledger.post(p_now, p_workspace, p_hold, 'unreconciled', 'payable:' || p_provider, p_cost, p_cost_unit, p_reported, p_reported_unit,
      p_plan);
  end if;
  perform ledger.record_attempts(p_attempts);
  return true;
end $function$;

CREATE OR REPLACE FUNCTION meters.lapse_grants(p_now timestamp with time zone, p_grants uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_lapsed meters.grant[] := (select array_agg(g) from meters.grant g where g.id = any (p_grants));
begin
  update meters.grant g set expired = g.amount - g.used - g.held, expired_at = coalesce(g.expired_at, p_now), closed = (g.held = 0)
  where g.id = any (p_grants);
  update meters.panel p set caps[array_position(p.meters, d.meter_id)] = p.caps[array_position(p.meters, d.meter_id)] - d.rest
  from (select d.*, (select x.ctid from meters.panel x where x.workspace_id = d.workspace_id) as row
        from (select workspace_id, meter_id, meters.total(amount - used - held - expired) as rest
              from unnest(v_lapsed) group by workspace_id, meter_id) d) d
  where p.ctid = d.row;
  perform ledger.post(p_now, d.workspace_id, null, 'wallet', 'expired', d.amount - d.used - d.held - d.expired, 'credit', p_reason => d.id::text)
  from unnest(v_lapsed) d where d.amount - d.used - d.held - d.expired > 0;
end $function$;

CREATE OR REPLACE FUNCTION meters.lay_to_rest(p_now timestamp with time zone, p_workspace uuid, p_coming integer, p_wanted uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
  v_leaving integer[];
begin
  select array_agg(idle.n) into v_leaving
  from (
    select s.n, s.over, s.size, row_number() over (order by s.over desc, s.n) as turn
    from (
      select n, coalesce(m.window_end <= p_now, false) as over, cardinality(p.meters) as size, p.held[n] as held, p.meters[n] as meter, m.class
      from (select * from meters.panel x where x.workspace_id = p_workspace offset 0) p
      cross join lateral generate_subscripts(p.meters, 1) n
      cross join lateral (select * from meters.meter x where x.id = p.meters[n] offset 0) m
    ) s
    where s.held = 0 and s.class <> 'credit' and s.meter <> all (p_wanted)
  ) idle
  where idle.over or idle.turn <= idle.size + p_coming - 24;
  if v_leaving is null then return; end if;

  insert into meters.rest (meter_id, workspace_id, cap, used, unreconciled, overrun, spare)
  select p.meters[n], p.workspace_id, p.caps[n], p.used[n], p.unreconciled[n], p.overrun[n], p.spare[n]
  from unnest(v_leaving) n cross join (select * from meters.panel x where x.workspace_id = p_workspace offset 0) p;

  update meters.panel p set (meters, caps, used, unreconciled, overrun, held, spare) = (
    select coalesce(array_agg(p.meters[n] order by n), '{}'), coalesce(array_agg(p.caps[n] order by n), '{}'),
      coalesce(array_agg(p.used[n] order by n), '{}'), coalesce(array_agg(p.unreconciled[n] order by n), '{}'),
      coalesce(array_agg(p.overrun[n] order by n), '{}'), coalesce(array_agg(p.held[n] order by n), '{}'),
      coalesce(array_agg(p.spare[n] order by n), '{}')
    from generate_subscripts(p.meters, 1) n where n <> all (v_leaving))
  where p.workspace_id = p_workspace;
end $function$;

CREATE OR REPLACE FUNCTION meters.legs_of(p_holds uuid[])
 RETURNS TABLE(workspace_id uuid, meter uuid, kind "char", amount bigint, actual bigint)
 LANGUAGE plpgsql
AS $function$
begin
  return query
  select case when h.kinds[n] < 'a' then '00000000-0000-0000-0000-000000000000' else h.workspace_id end, h.meters[n],
    lower(h.kinds[n]::text)::"char", h.amounts[n], h.actuals[n]
  from meters.hold h cross join lateral generate_subscripts(h.meters, 1) n
  where h.id = any (p_holds);
end $function$;

CREATE OR REPLACE FUNCTION meters.lock_panels(p_now timestamp with time zone, p_workspaces uuid[], p_new boolean)
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  v_locked integer;
  v_due    uuid[];
begin
  if p_new then
    insert into meters.panel (workspace_id)
    select w from unnest(p_workspaces) w where (select p.workspace_id from meters.panel p where p.workspace_id = w) is null
    order by w = '00000000-0000-0000-0000-000000000000', w on conflict do nothing;
  end if;
  select count(*), array_agg(l.workspace_id) filter (where l.grant_due_at <= p_now) into v_locked, v_due
  from (select p.workspace_id, p.grant_due_at from meters.panel p where p.workspace_id = any (p_workspaces)
        order by p.workspace_id = '00000000-0000-0000-0000-000000000000', p.workspace_id for update of p) l;
  if v_locked < cardinality(p_workspaces) then
    raise exception 'a workspace of the batch has no panel yet' using errcode = 'no_data_found';
  end if;
  return v_due;
end $function$;

CREATE OR REPLACE FUNCTION meters.mark_swept(p_now timestamp with time zone)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into meters.sweep (swept_to)
  select least(p_now - interval '1 hour', (select min(expires_at) - interval '1 second' from meters.hold
    where state = 'open' and expires_at <= p_now
      and expires_at > coalesce((select swept_to from meters.sweep where swept_to <= p_now), '-infinity')))
  on conflict (only_row) do update set swept_to =
    case when meters.sweep.swept_to > p_now then excluded.swept_to else greatest(meters.sweep.swept_to, excluded.swept_to) end
$function$;

CREATE OR REPLACE FUNCTION meters.open_holds(p_workspace uuid, p_until timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
  select count(*) from meters.hold where expires_at > p_until - interval '10 minutes' and workspace_id = p_workspace and state = 'open' and held_at <= p_until
$function$;

CREATE OR REPLACE FUNCTION meters.post_packed(p_now timestamp with time zone, p_holds uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  perform ledger.post(p_now, s.workspace_id, s.id, 'wallet', 'spent' || coalesce(':pack:' || s.pack, ''), s.spent, 'credit', p_plan => s.plan)
  from (
    select d.id, d.workspace_id, d.plan, d.pack, meters.total(greatest(0, least(d.amount, d.charged - d.before))) as spent
    from (
      select h.id, h.workspace_id, h.plan, h.packs[l.n] as pack, l.amount, sum(l.amount) over (partition by h.id order by l.n)::bigint - l.amount as before,
        least(h.actuals[array_position(h.meters, h.credit_meter)], h.amounts[array_position(h.meters, h.credit_meter)]) as charged
      from meters.hold h cross join lateral unnest(h.grant_amounts) with ordinality l (amount, n)
      where h.id = any (p_holds)
    ) d
    group by d.id, d.workspace_id, d.plan, d.pack
  ) s
  where s.spent > 0;
end $function$;

CREATE OR REPLACE FUNCTION meters.resolve(p_now timestamp with time zone, p_holds uuid[], p_cost bigint[])
 RETURNS uuid[]
 LANGUAGE plpgsql
AS $function$
declare
  v_workspaces uuid[];
  v_ids        uuid[];
  v_provider   text[];
  v_cost       bigint[];
  v_reported   bigint[];
  v_first      integer[];
  v_actual     bigint[];
begin
  v_workspaces := array(
    select distinct w from (
      select h.workspace_id as w from meters.hold h where h.id = any (p_holds)
      union all select '00000000-0000-0000-0000-000000000000') s);
  perform meters.lock_panels(p_now, v_workspaces, true);
  select array_agg(h.id order by n), array_agg(h.provider order by n), array_agg(coalesce(e.cost, h.cost) order by n),
    array_agg(case when h.cost = 0 then 0 else ceil(h.reported::numeric * coalesce(e.cost, h.cost) / h.cost)::bigint end order by n),
    array_agg(h.first::integer order by n)
  into v_ids, v_provider, v_cost, v_reported, v_first
  from unnest(p_holds, p_cost) with ordinality e (id, cost, n)
  join lateral (select * from meters.hold x where x.id = e.id and x.state = 'expired') x on true
  cross join lateral (select x.id, x.provider, x.cost, x.reported,
    1 + coalesce((select sum(cardinality(b.meters)) from unnest(p_holds) with ordinality o (id, n)
                  join meters.hold b on b.id = o.id and b.state = 'expired' where o.n < e.n), 0) as first) h;
  if v_ids is null then return '{}'; end if;
  v_actual := array(
    select case when lower(h.kinds[l]::text) <> 'c' then 0
                when h.cost = 0 then 0
                else ceil(h.amounts[l]::numeric * v_cost[n] / h.cost)::bigint end
    from unnest(v_ids) with ordinality e (id, n)
    join meters.hold h on h.id = e.id
    cross join lateral generate_subscripts(h.meters, 1) l
    order by n, l);
  return coalesce(meters.end_doubted(p_now, v_ids, array(select 'settle' from unnest(v_ids)), v_first, v_actual, v_cost, v_reported, v_provider),
    '{}');
end $function$;

CREATE OR REPLACE FUNCTION meters.room(p_panel uuid[], p_first integer[], p_count integer[], p_meter uuid[], p_cap bigint[])
 RETURNS bigint[]
 LANGUAGE plpgsql
AS $function$
declare
  v_room bigint[];
begin
  select array_agg(r.room) into v_room
  from (
    select case when p_cap[s.c] >= 0 then p_cap[s.c] else x.caps[s.n] end
      - x.held[s.n] - x.used[s.n] - x.unreconciled[s.n] - x.overrun[s.n] as room
    from generate_subscripts(p_panel, 1) k
    cross join lateral (select * from meters.panel x where x.workspace_id = p_panel[k] offset 0) x
    cross join lateral (
      select c, array_position(x.meters, p_meter[c]) as n from generate_series(p_first[k], p_first[k] + p_count[k] - 1) c offset 0
    ) s
  ) r;
  return v_room;
end $function$;

CREATE OR REPLACE FUNCTION meters.stop_counting_unresolved(p_now timestamp with time zone, p_before timestamp with time zone, p_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_holds uuid[];
begin
  v_holds := array(
    select u.hold_id from meters.unresolved u
    where u.resolved_at is null and u.counted and u.since < p_before and u.cause in ('expired', 'fault')
    order by u.since limit p_max);
  if v_holds = '{}' then return 0; end if;
  perform meters.lock_panels(p_now, array(
    select distinct w from (
      select u.workspace_id as w from meters.unresolved u where u.hold_id = any (v_holds)
      union all select '00000000-0000-0000-0000-000000000000') s), true);
  with spared as (
    update meters.unresolved u set counted = false
    where u.hold_id = any (v_holds) and u.resolved_at is null and u.counted returning u.hold_id
  )
  select array_agg(hold_id) into v_holds from spared;
  if v_holds is null then return 0; end if;
  perform meters.count_unresolved(p_now, v_holds, -1);
  return cardinality(v_holds);
end $function$;

create schema notify;
grant usage on schema notify to purser_app;
grant usage on schema notify to purser_work;

create table notify.alert (
  workspace_id uuid not null,
  alert_id uuid not null,
  kind text not null,
  subject text not null,
  window_start timestamp with time zone not null,
  threshold text default ''::text not null,
  level bigint default 0 not null,
  value bigint default 0 not null,
  severity text not null,
  title text not null,
  text text not null,
  for_workspace boolean not null,
  raised_at timestamp with time zone not null,
  seen_at timestamp with time zone,
  seen_by text,
  operator_seen_at timestamp with time zone,
  operator_seen_by text,
  constraint alert_pkey PRIMARY KEY (alert_id),
  constraint once UNIQUE (workspace_id, kind, subject, window_start, threshold, level),
  constraint alert_kind_check CHECK ((kind ~ '^[a-z][a-z_]{0,39}$'::text)),
  constraint alert_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  constraint alert_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 200))),
  constraint alert_text_check CHECK ((length(text) <= 2000)),
  constraint alert_title_check CHECK ((length(title) <= 200))
);
CREATE INDEX alert_of_workspace ON notify.alert USING btree (workspace_id, alert_id);
CREATE INDEX alert_unseen_by_operator ON notify.alert USING btree (alert_id) WHERE (operator_seen_at IS NULL);
CREATE INDEX alert_unseen_by_workspace ON notify.alert USING btree (workspace_id, alert_id) WHERE (seen_at IS NULL);
CREATE INDEX fraud_by_time ON notify.alert USING btree (raised_at) WHERE (kind = 'fraud'::text);
alter table notify.alert enable row level security;
create policy all_rows on notify.alert for all to purser_work using (true);
create policy own_alerts on notify.alert for all to purser_app using (((workspace_id = base.current_workspace()) AND for_workspace));
grant select on notify.alert to purser_app;
grant delete, insert, select, update on notify.alert to purser_work;

create table notify.channel (
  workspace_id uuid not null,
  channel_id uuid not null,
  kind text not null,
  address text not null,
  secret text,
  kinds text[],
  created_at timestamp with time zone not null,
  removed_at timestamp with time zone,
  quiet_until timestamp with time zone,
  constraint channel_pkey PRIMARY KEY (channel_id),
  constraint channel_address_check CHECK (((length(address) >= 3) AND (length(address) <= 2000))),
  constraint channel_kind_check CHECK ((kind = ANY (ARRAY['email'::text, 'webhook'::text, 'slack'::text]))),
  constraint webhooks_are_signed CHECK (((kind = 'webhook'::text) = (secret IS NOT NULL)))
);
CREATE UNIQUE INDEX channel_once ON notify.channel USING btree (workspace_id, kind, address) WHERE (removed_at IS NULL);
alter table notify.channel enable row level security;
create policy all_rows on notify.channel for all to purser_work using (true);
create policy own_channels on notify.channel for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select on notify.channel to purser_app;
grant delete, insert, select, update on notify.channel to purser_work;

create table notify.credit_peak (
  workspace_id uuid not null,
  key text not null,
  window_start timestamp with time zone not null,
  credits bigint not null,
  constraint credit_peak_pkey PRIMARY KEY (workspace_id, key, window_start)
);
alter table notify.credit_peak enable row level security;
create policy all_rows on notify.credit_peak for all to purser_work using (true);
create policy own_peak on notify.credit_peak for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on notify.credit_peak to purser_work;

create table notify.delivery (
  workspace_id uuid not null,
  channel_id uuid not null,
  alert_id uuid not null,
  message_id uuid,
  constraint delivery_pkey PRIMARY KEY (channel_id, alert_id),
  constraint delivery_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES notify.alert(alert_id),
  constraint delivery_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES notify.channel(channel_id),
  constraint delivery_message_id_fkey FOREIGN KEY (message_id) REFERENCES notify.message(message_id)
);
CREATE INDEX delivery_of_message ON notify.delivery USING btree (message_id);
CREATE INDEX delivery_waiting ON notify.delivery USING btree (channel_id, alert_id) WHERE (message_id IS NULL);
alter table notify.delivery enable row level security;
create policy all_rows on notify.delivery for all to purser_work using (true);
create policy own_deliveries on notify.delivery for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on notify.delivery to purser_work;

create table notify.message (
  workspace_id uuid not null,
  message_id uuid not null,
  channel_id uuid not null,
  state text default 'due'::text not null,
  attempts smallint default 0 not null,
  due_at timestamp with time zone not null,
  leased_until timestamp with time zone,
  created_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  error text,
  constraint message_pkey PRIMARY KEY (message_id),
  constraint message_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES notify.channel(channel_id),
  constraint message_state_check CHECK ((state = ANY (ARRAY['due'::text, 'delivered'::text, 'dead'::text, 'dropped'::text])))
);
CREATE INDEX message_dead ON notify.message USING btree (message_id) WHERE (state = 'dead'::text);
CREATE INDEX message_due ON notify.message USING btree (due_at) WHERE (state = 'due'::text);
CREATE INDEX message_of_channel ON notify.message USING btree (channel_id, created_at);
alter table notify.message enable row level security;
create policy all_rows on notify.message for all to purser_work using (true);
create policy own_messages on notify.message for all to purser_app using ((workspace_id = base.current_workspace()));
grant select on notify.message to purser_app;
grant delete, insert, select, update on notify.message to purser_work;

create table notify."position" (
  source text not null,
  xid bigint not null,
  id bigint not null,
  constraint position_pkey PRIMARY KEY (source)
);
grant insert, select, update on notify."position" to purser_work;

create table notify.setting (
  workspace_id uuid not null,
  thresholds jsonb default '{}'::jsonb not null,
  messages_max smallint default 5 not null,
  within_minutes smallint default 10 not null,
  constraint setting_pkey PRIMARY KEY (workspace_id),
  constraint setting_messages_max_check CHECK (((messages_max >= 1) AND (messages_max <= 100))),
  constraint setting_thresholds_check CHECK ((jsonb_typeof(thresholds) = 'object'::text)),
  constraint setting_within_minutes_check CHECK (((within_minutes >= 1) AND (within_minutes <= 1440)))
);
alter table notify.setting enable row level security;
create policy all_rows on notify.setting for all to purser_work using (true);
create policy own_setting on notify.setting for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select, update on notify.setting to purser_app;
grant delete, insert, select, update on notify.setting to purser_work;

create table notify.spend (
  workspace_id uuid not null,
  unit text not null,
  hour timestamp with time zone not null,
  amount bigint not null,
  constraint spend_pkey PRIMARY KEY (workspace_id, unit, hour)
);
CREATE INDEX spend_of_hour ON notify.spend USING brin (hour) WITH (autosummarize='on');
alter table notify.spend enable row level security;
create policy all_rows on notify.spend for all to purser_work using (true);
create policy own_spend on notify.spend for all to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on notify.spend to purser_work;

CREATE OR REPLACE FUNCTION notify.erase_address(p_email text)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_channels uuid[] := array(select channel_id from notify.channel where kind = 'email' and lower(address) = lower(p_email));
begin
  delete from notify.delivery where channel_id = any (v_channels);
  delete from notify.message where channel_id = any (v_channels);
  delete from notify.channel where channel_id = any (v_channels);
  return cardinality(v_channels);
end $function$;

CREATE OR REPLACE FUNCTION notify.erase_end_user(p_workspace uuid, p_name text)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_long text[] := array(select '… ' || left(encode(sha256(convert_to(prefix || p_name || ' credit', 'UTF8')), 'hex'), 16)
    from unnest(array['credits:member:', 'credits_hour:']) prefix);
  v_alerts uuid[] := array(select alert_id from notify.alert where workspace_id = p_workspace
    and (notify.is_of_user(regexp_replace(subject, ' [^ ]+$', ''), p_name) or right(subject, 18) = any (v_long)));
  v_rows integer;
begin
  delete from notify.delivery where alert_id = any (v_alerts);
  delete from notify.alert where alert_id = any (v_alerts);
  delete from notify.credit_peak where workspace_id = p_workspace and notify.is_of_user(key, p_name);
  get diagnostics v_rows = row_count;
  return cardinality(v_alerts) + v_rows;
end $function$;

CREATE OR REPLACE FUNCTION notify.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
  v_total integer := 0;
begin
  delete from notify.delivery where ctid = any (array(select ctid from notify.delivery where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count;
  -- What they refer to goes when they are gone.
  if v_rows > 0 then return v_rows; end if;
  delete from notify.message where ctid = any (array(select ctid from notify.message where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from notify.alert where ctid = any (array(select ctid from notify.alert where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from notify.spend where ctid = any (array(select ctid from notify.spend where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  if v_total > 0 then return v_total; end if;
  delete from notify.channel where workspace_id = p_workspace;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from notify.credit_peak where workspace_id = p_workspace;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from notify.setting where workspace_id = p_workspace;
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $function$;

CREATE OR REPLACE FUNCTION notify.export_address(p_email text)
 RETURNS TABLE(workspace_id uuid, kind text, address text, created_at timestamp with time zone, removed_at timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
  select c.workspace_id, c.kind, c.address, c.created_at, c.removed_at from notify.channel c
  where c.kind = 'email' and lower(c.address) = lower(p_email)
$function$;

CREATE OR REPLACE FUNCTION notify.forget(p_before timestamp with time zone, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_messages uuid[] := array(
    select message_id from notify.message where ended_at < p_before and state <> 'due' limit p_rows_max for update skip locked);
  v_channels uuid[] := array(
    select channel_id from notify.channel c where removed_at < p_before
      and not exists (select from notify.message m where m.channel_id = c.channel_id and m.message_id <> all (v_messages)) limit p_rows_max);
  v_alerts uuid[] := array(
    select alert_id from notify.alert a where raised_at < p_before
      and not exists (select from notify.delivery d where d.alert_id = a.alert_id and (d.message_id is null or d.message_id <> all (v_messages)))
    limit p_rows_max for update skip locked);
begin
  delete from notify.delivery where message_id = any (v_messages) or channel_id = any (v_channels) or alert_id = any (v_alerts);
  delete from notify.message where message_id = any (v_messages);
  delete from notify.channel where channel_id = any (v_channels);
  delete from notify.alert where alert_id = any (v_alerts);
  return cardinality(v_messages) + cardinality(v_channels) + cardinality(v_alerts);
end $function$;

CREATE OR REPLACE FUNCTION notify.is_of_user(p_key text, p_name text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select p_key ~ '^([a-z_]+_user_day:|credits:member:|credits_hour:)'
    and regexp_replace(p_key, '^([a-z_]+_user_day:|credits:member:|credits_hour:)', '') = p_name
$function$;

create schema policy;
grant usage on schema policy to purser_app;
grant usage on schema policy to purser_work;

create table policy.level (
  workspace_id uuid not null,
  ladder text not null,
  unit text not null,
  window_start timestamp with time zone not null,
  cap bigint not null,
  spent bigint not null,
  level smallint not null,
  since timestamp with time zone not null,
  constraint level_pkey PRIMARY KEY (workspace_id, ladder),
  constraint level_check CHECK ((LEAST(cap, spent, (level)::bigint) >= 0))
);
CREATE INDEX level_in_force ON policy.level USING btree (level DESC, since DESC) WHERE (level > 0);
alter table policy.level enable row level security;
create policy all_rows on policy.level for all to purser_work using (true);
create policy own_levels on policy.level for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE ON policy.level FOR EACH ROW EXECUTE FUNCTION policy.tell_workspace();
grant select on policy.level to purser_app;
grant insert, select, update on policy.level to purser_work;

create table policy.platform (
  one boolean default true not null,
  frozen boolean default false not null,
  changed_at timestamp with time zone,
  changed_by text,
  constraint platform_pkey PRIMARY KEY (one),
  constraint platform_one_check CHECK (one)
);
CREATE TRIGGER tell_change AFTER UPDATE ON policy.platform FOR EACH STATEMENT EXECUTE FUNCTION policy.tell_platform();
grant select, update on policy.platform to purser_work;

create table policy.raise (
  raise_id uuid not null,
  workspace_id uuid not null,
  unit text not null,
  nanos bigint not null,
  reason text not null,
  raised_at timestamp with time zone not null,
  constraint raise_pkey PRIMARY KEY (raise_id),
  constraint raise_nanos_check CHECK ((nanos <> 0))
);
CREATE INDEX raise_of_workspace ON policy.raise USING btree (workspace_id, raised_at);
alter table policy.raise enable row level security;
create policy all_rows on policy.raise for all to purser_work using (true);
create policy own_raises on policy.raise for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on policy.raise to purser_app;
grant insert, select on policy.raise to purser_work;

create table policy.raised (
  workspace_id uuid not null,
  unit text not null,
  period_start timestamp with time zone not null,
  nanos bigint not null,
  changed_at timestamp with time zone not null,
  peak bigint default 0 not null,
  constraint raised_pkey PRIMARY KEY (workspace_id),
  constraint raised_peak_check CHECK ((peak >= 0))
);
alter table policy.raised enable row level security;
create policy all_rows on policy.raised for all to purser_work using (true);
create policy own_raised on policy.raised for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE ON policy.raised FOR EACH ROW EXECUTE FUNCTION policy.tell_workspace();
grant select on policy.raised to purser_app;
grant insert, select, update on policy.raised to purser_work;

create table policy.rollout (
  rollout_id uuid not null,
  from_version text not null,
  to_version text not null,
  seed text not null,
  share_ppm integer not null,
  state text not null,
  started_at timestamp with time zone not null,
  changed_at timestamp with time zone not null,
  constraint rollout_pkey PRIMARY KEY (rollout_id),
  constraint rollout_check CHECK ((to_version <> from_version)),
  constraint rollout_seed_check CHECK (((length(seed) >= 1) AND (length(seed) <= 100))),
  constraint rollout_share_ppm_check CHECK (((share_ppm >= 0) AND (share_ppm <= 1000000))),
  constraint rollout_state_check CHECK ((state = ANY (ARRAY['running'::text, 'completed'::text, 'rolled_back'::text])))
);
CREATE UNIQUE INDEX one_rollout_from_a_version ON policy.rollout USING btree (from_version) WHERE (state <> 'rolled_back'::text);
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE ON policy.rollout FOR EACH STATEMENT EXECUTE FUNCTION policy.tell_platform();
grant insert, select, update on policy.rollout to purser_work;

create table policy.rollout_call (
  rollout_id uuid not null,
  arm text not null,
  outcome text not null,
  calls bigint not null,
  constraint rollout_call_pkey PRIMARY KEY (rollout_id, arm, outcome),
  constraint rollout_call_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES policy.rollout(rollout_id),
  constraint rollout_call_arm_check CHECK ((arm = ANY (ARRAY['treatment'::text, 'control'::text]))),
  constraint rollout_call_calls_check CHECK ((calls > 0))
);
grant insert, select, update on policy.rollout_call to purser_work;

CREATE OR REPLACE FUNCTION policy.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
begin
  update policy.raise set reason = p_pseudonym where raise_id in (
    select raise_id from policy.raise where workspace_id = p_workspace and reason !~ '^erased-[0-9a-f]{12}$' limit p_rows_max);
  get diagnostics v_rows = row_count;
  return v_rows;
end $function$;

CREATE OR REPLACE FUNCTION policy.tell_platform()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('purser_policy', '00000000-0000-0000-0000-000000000000');
  return null;
end $function$;

CREATE OR REPLACE FUNCTION policy.tell_workspace()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('purser_policy', new.workspace_id::text);
  return null;
end $function$;

create schema privacy;
grant usage on schema privacy to purser_work;

create table privacy.erasure (
  erasure_id uuid not null,
  kind text not null,
  workspace_id uuid not null,
  person_id uuid,
  workspaces uuid[] default '{}'::uuid[] not null,
  texts text[],
  pseudonym text not null,
  requested_by text not null,
  requested_at timestamp with time zone not null,
  state text default 'running'::text not null,
  rows bigint default 0 not null,
  done_at timestamp with time zone,
  claimed_until timestamp with time zone default '-infinity'::timestamp with time zone not null,
  again_at timestamp with time zone,
  constraint erasure_pkey PRIMARY KEY (erasure_id),
  constraint erasure_kind_check CHECK ((kind = ANY (ARRAY['workspace'::text, 'person'::text, 'end_user'::text]))),
  constraint erasure_pseudonym_check CHECK ((pseudonym ~ '^erased-[0-9a-f]{12}$'::text)),
  constraint erasure_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text]))),
  constraint nothing_is_left_of_it CHECK (((state = 'running'::text) OR (texts IS NULL)))
);
CREATE INDEX erasure_to_work_at ON privacy.erasure USING btree (claimed_until) WHERE ((state = 'running'::text) OR (again_at IS NOT NULL));
CREATE UNIQUE INDEX one_erasure_of_a_person ON privacy.erasure USING btree (person_id) WHERE (kind = 'person'::text);
CREATE UNIQUE INDEX one_erasure_of_a_workspace ON privacy.erasure USING btree (workspace_id) WHERE (kind = 'workspace'::text);
alter table privacy.erasure enable row level security;
create policy all_rows on privacy.erasure for all to purser_work using (true);
create policy own_rows on privacy.erasure for select to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select, update on privacy.erasure to purser_work;

create schema reconciliation;
grant usage on schema reconciliation to purser_work;

create table reconciliation.import (
  import_id text not null,
  provider text not null,
  span_from timestamp with time zone not null,
  span_to timestamp with time zone not null,
  posted_at timestamp with time zone not null,
  actor text not null,
  differences integer not null,
  resolved integer not null,
  constraint import_pkey PRIMARY KEY (import_id),
  constraint import_import_id_check CHECK ((import_id ~ '^[0-9a-f]{64}$'::text))
);
alter table reconciliation.import enable row level security;
create policy all_rows on reconciliation.import for all to purser_work using (true);
grant insert, select on reconciliation.import to purser_work;

create table reconciliation.line (
  provider text not null,
  day date not null,
  model text not null,
  unit text not null,
  posted bigint not null,
  constraint line_pkey PRIMARY KEY (provider, day, model, unit),
  constraint line_unit_check CHECK ((unit ~ '^[A-Z]{3}$'::text))
);
alter table reconciliation.line enable row level security;
create policy all_rows on reconciliation.line for all to purser_work using (true);
grant insert, select, update on reconciliation.line to purser_work;

create schema routing;
grant usage on schema routing to purser_app;
grant usage on schema routing to purser_work;

create table routing.route_state (
  provider text not null,
  model text not null,
  workspace_id uuid not null,
  state text default 'open'::text not null,
  reason text,
  why text,
  failures integer default 0 not null,
  times integer default 0 not null,
  overruns integer default 0 not null,
  witness boolean default false not null,
  until timestamp with time zone default now() not null,
  probe text,
  proof text,
  output_limit text,
  failed_at timestamp with time zone default now() not null,
  closed_at timestamp with time zone,
  constraint route_state_pkey PRIMARY KEY (provider, model, workspace_id),
  constraint route_state_check1 CHECK (((probe IS NOT NULL) = (state = 'tried'::text))),
  constraint route_state_check2 CHECK (((reason IS NULL) = (state = 'open'::text))),
  constraint route_state_check3 CHECK (((proof IS DISTINCT FROM 'needed'::text) OR (state <> 'open'::text))),
  constraint route_state_failures_check CHECK ((failures >= 0)),
  constraint route_state_overruns_check CHECK ((overruns >= 0)),
  constraint route_state_proof_check CHECK ((proof = ANY (ARRAY['kept'::text, 'needed'::text]))),
  constraint route_state_reason_check CHECK ((reason = ANY (ARRAY['overrun'::text, 'failing'::text, 'key'::text, 'unresolved'::text]))),
  constraint route_state_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text, 'tried'::text]))),
  constraint route_state_times_check CHECK ((times >= 0))
);
alter table routing.route_state enable row level security;
create policy all_rows on routing.route_state for all to purser_work using (true);
create policy own_rows on routing.route_state for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on routing.route_state to purser_app;
grant delete, insert, select, update on routing.route_state to purser_work;

create schema server;
grant usage on schema server to purser_app;
grant usage on schema server to purser_work;

create table server.answer (
  workspace_id uuid not null,
  actor text not null,
  key_hash bytea not null,
  request_hash text not null,
  status smallint not null,
  sealed bytea not null,
  answered_at timestamp with time zone not null,
  constraint answer_pkey PRIMARY KEY (workspace_id, actor, key_hash)
);
CREATE INDEX answer_by_age ON server.answer USING brin (answered_at) WITH (autosummarize='on');
alter table server.answer enable row level security;
create policy all_rows on server.answer for all to purser_work using (true);
create policy own_rows on server.answer for all to purser_app using ((workspace_id = base.current_workspace()));
grant insert, select on server.answer to purser_app;
grant delete, insert, select on server.answer to purser_work;

CREATE OR REPLACE FUNCTION server.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
begin
  delete from server.answer where ctid = any (array(select ctid from server.answer where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count;
  return v_rows;
end $function$;

CREATE OR REPLACE FUNCTION server.forget_answers(p_before timestamp with time zone, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
begin
  delete from server.answer where ctid = any (array(select ctid from server.answer where answered_at < p_before limit p_rows_max for update skip locked));
  get diagnostics v_rows = row_count;
  return v_rows;
end $function$;

create schema terms;
grant usage on schema terms to purser_app;
grant usage on schema terms to purser_work;

create table terms.collected (
  workspace_id uuid not null,
  invoice text not null,
  plan text,
  currency text not null,
  reported_unit text not null,
  rate_numerator bigint not null,
  rate_denominator bigint not null,
  revenue bigint default 0 not null,
  deferred bigint default 0 not null,
  tax bigint default 0 not null,
  fees bigint default 0 not null,
  constraint collected_pkey PRIMARY KEY (invoice),
  constraint collected_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint collected_rate_denominator_check CHECK ((rate_denominator > 0)),
  constraint collected_rate_numerator_check CHECK ((rate_numerator > 0))
);
CREATE INDEX collected_of_workspace ON terms.collected USING btree (workspace_id);
alter table terms.collected enable row level security;
create policy all_rows on terms.collected for all to purser_work using (true);
create policy own_rows on terms.collected for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on terms.collected to purser_app;
grant insert, select, update on terms.collected to purser_work;

create table terms.month (
  workspace_id uuid not null,
  term text not null,
  month integer not null,
  subscription text not null,
  kind text not null,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  plan text not null,
  catalogue_version text not null,
  allowed jsonb,
  owed bigint default 0 not null,
  owed_unit text,
  lapsed boolean default false not null,
  closed boolean default false not null,
  constraint month_pkey PRIMARY KEY (workspace_id, term, month),
  constraint month_kind_check CHECK ((kind = ANY (ARRAY['paid'::text, 'trial'::text, 'calendar'::text]))),
  constraint month_month_check CHECK ((month >= 0)),
  constraint month_owed_check CHECK ((owed >= 0)),
  constraint sound CHECK ((ends_at >= starts_at))
);
CREATE INDEX month_of_workspace ON terms.month USING btree (workspace_id, starts_at);
CREATE INDEX open_month ON terms.month USING btree (workspace_id, starts_at) WHERE (NOT closed);
alter table terms.month enable row level security;
create policy all_rows on terms.month for all to purser_work using (true);
create policy own_rows on terms.month for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER tell_change AFTER INSERT OR DELETE OR UPDATE ON terms.month FOR EACH ROW EXECUTE FUNCTION terms.tell_workspace();
grant select on terms.month to purser_app;
grant delete, insert, select, update on terms.month to purser_work;

create table terms.part (
  workspace_id uuid not null,
  invoice text not null,
  ordinal integer not null,
  term text,
  month integer not null,
  due_at timestamp with time zone not null,
  net bigint not null,
  credits bigint not null,
  rolling bigint not null,
  rolling_until timestamp with time zone,
  granted bigint default 0 not null,
  taken bigint default 0 not null,
  steps integer default 0 not null,
  opened boolean default false not null,
  closed boolean default false not null,
  constraint part_pkey PRIMARY KEY (workspace_id, invoice, ordinal),
  constraint part_check CHECK (((rolling >= 0) AND (rolling <= credits))),
  constraint part_check1 CHECK (((taken >= 0) AND (taken <= granted))),
  constraint part_credits_check CHECK ((credits >= 0)),
  constraint part_granted_check CHECK ((granted >= 0)),
  constraint part_ordinal_check CHECK ((ordinal >= 0))
);
CREATE INDEX open_part ON terms.part USING btree (workspace_id) WHERE (NOT closed);
CREATE INDEX part_to_open ON terms.part USING btree (workspace_id, due_at) WHERE (NOT opened);
alter table terms.part enable row level security;
create policy all_rows on terms.part for all to purser_work using (true);
create policy own_rows on terms.part for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER part_comes AFTER INSERT OR UPDATE OF due_at ON terms.part FOR EACH ROW WHEN ((NOT new.opened)) EXECUTE FUNCTION wallet.begin_part();
grant select on terms.part to purser_app;
grant delete, insert, select, update on terms.part to purser_work;

create table terms.part_grant (
  workspace_id uuid not null,
  grant_id uuid not null,
  invoice text not null,
  ordinal integer not null,
  monthly boolean not null,
  constraint part_grant_pkey PRIMARY KEY (grant_id)
);
CREATE INDEX grant_of_part ON terms.part_grant USING btree (workspace_id, invoice, ordinal);
alter table terms.part_grant enable row level security;
create policy all_rows on terms.part_grant for all to purser_work using (true);
create policy own_rows on terms.part_grant for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on terms.part_grant to purser_app;
grant insert, select on terms.part_grant to purser_work;

create table terms.subscriber (
  workspace_id uuid not null,
  subscription text,
  plan text,
  catalogue_version text,
  subscribed boolean not null,
  agreed boolean default false not null,
  living integer default 0 not null,
  constraint subscriber_pkey PRIMARY KEY (workspace_id)
);
alter table terms.subscriber enable row level security;
create policy all_rows on terms.subscriber for all to purser_work using (true);
create policy own_rows on terms.subscriber for select to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE ON terms.subscriber FOR EACH ROW EXECUTE FUNCTION terms.tell_workspace();
grant select on terms.subscriber to purser_app;
grant insert, select, update on terms.subscriber to purser_work;

CREATE OR REPLACE FUNCTION terms.take_over(p_workspace uuid, p_subscription text, p_plan text, p_version text, p_from timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  insert into terms.month (workspace_id, term, month, subscription, kind, starts_at, ends_at, plan, catalogue_version)
  values (p_workspace, 'calendar', 0, p_subscription, 'calendar', p_from, p_from + interval '1 month', p_plan, p_version)
  on conflict do nothing;
  insert into terms.subscriber (workspace_id, subscription, plan, catalogue_version, subscribed)
  values (p_workspace, p_subscription, p_plan, p_version, true) on conflict do nothing;
end $function$;

CREATE OR REPLACE FUNCTION terms.take_over_invoice(p_workspace uuid, p_invoice text, p_plan text, p_currency text, p_net bigint, p_tax bigint, p_fees bigint)
 RETURNS void
 LANGUAGE sql
AS $function$
  insert into terms.collected (workspace_id, invoice, plan, currency, reported_unit, rate_numerator, rate_denominator, revenue, tax, fees)
  values (p_workspace, p_invoice, p_plan, p_currency, p_currency, 1, 1, p_net, p_tax, p_fees) on conflict do nothing
$function$;

CREATE OR REPLACE FUNCTION terms.tell_workspace()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('purser_policy', coalesce(new.workspace_id, old.workspace_id)::text);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION terms.when_part_comes(p_function regproc)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  execute format('create trigger part_comes after insert or update of due_at on terms.part for each row when (not new.opened) execute function %s()', p_function);
end $function$;

create schema wallet;
grant usage on schema wallet to purser_app;
grant usage on schema wallet to purser_work;

create table wallet.allocation (
  workspace_id uuid not null,
  kind text not null,
  name text not null,
  credits bigint,
  team text,
  changed_at timestamp with time zone not null,
  constraint allocation_pkey PRIMARY KEY (workspace_id, kind, name),
  constraint allocation_credits_check CHECK ((credits >= 0)),
  constraint allocation_kind_check CHECK ((kind = ANY (ARRAY['member'::text, 'team'::text]))),
  constraint allocation_name_check CHECK (((length(name) >= 1) AND (length(name) <= 256))),
  constraint allocation_team_check CHECK (((length(team) >= 1) AND (length(team) <= 256))),
  constraint teams_are_in_no_team CHECK (((kind = 'member'::text) OR (team IS NULL)))
);
alter table wallet.allocation enable row level security;
create policy all_rows on wallet.allocation for all to purser_work using (true);
create policy own_rows on wallet.allocation for all to purser_app using ((workspace_id = base.current_workspace()));
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE ON wallet.allocation FOR EACH ROW EXECUTE FUNCTION identity.tell_workspace_change();
grant insert, select on wallet.allocation to purser_app;
grant delete, insert, select, update on wallet.allocation to purser_work;

create table wallet.checkpoint (
  workspace_id uuid not null,
  posting_id bigint not null,
  balance bigint not null,
  latest_at timestamp with time zone not null,
  constraint checkpoint_pkey PRIMARY KEY (workspace_id, posting_id)
);
alter table wallet.checkpoint enable row level security;
create policy all_rows on wallet.checkpoint for all to purser_work using (true);
create policy own_rows on wallet.checkpoint for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on wallet.checkpoint to purser_app;
grant insert, select on wallet.checkpoint to purser_work;

create table wallet.credit_day (
  workspace_id uuid not null,
  day date not null,
  spent bigint not null,
  constraint credit_day_pkey PRIMARY KEY (workspace_id, day)
);
alter table wallet.credit_day enable row level security;
create policy all_rows on wallet.credit_day for all to purser_work using (true);
create policy own_rows on wallet.credit_day for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on wallet.credit_day to purser_app;
grant insert, select, update on wallet.credit_day to purser_work;

create table wallet.pay_as_you_go (
  workspace_id uuid not null,
  period_start timestamp with time zone not null,
  period_end timestamp with time zone not null,
  plan text not null,
  price bigint not null,
  currency text not null,
  credits bigint,
  closed_at timestamp with time zone,
  constraint pay_as_you_go_pkey PRIMARY KEY (workspace_id, period_start),
  constraint pay_as_you_go_credits_check CHECK ((credits >= 0)),
  constraint pay_as_you_go_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint pay_as_you_go_price_check CHECK ((price >= 0)),
  constraint whole CHECK ((((credits IS NULL) = (closed_at IS NULL)) AND (period_end > period_start)))
);
CREATE INDEX pay_as_you_go_open ON wallet.pay_as_you_go USING btree (period_end) WHERE (closed_at IS NULL);
alter table wallet.pay_as_you_go enable row level security;
create policy all_rows on wallet.pay_as_you_go for all to purser_work using (true);
create policy own_rows on wallet.pay_as_you_go for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on wallet.pay_as_you_go to purser_app;
grant insert, select, update on wallet.pay_as_you_go to purser_work;

create table wallet.refresh (
  workspace_id uuid not null,
  due_at timestamp with time zone not null,
  claimed_until timestamp with time zone default '-infinity'::timestamp with time zone not null,
  constraint refresh_pkey PRIMARY KEY (workspace_id)
);
CREATE INDEX refresh_by_due ON wallet.refresh USING btree (due_at);
alter table wallet.refresh enable row level security;
create policy all_rows on wallet.refresh for all to purser_work using (true);
create policy own_rows on wallet.refresh for select to purser_app using ((workspace_id = base.current_workspace()));
grant delete, insert, select, update on wallet.refresh to purser_work;

create table wallet.scheduled_grant (
  grant_id uuid not null,
  workspace_id uuid not null,
  credits bigint not null,
  valid_from timestamp with time zone not null,
  expires_at timestamp with time zone,
  reason text not null,
  done_at timestamp with time zone,
  constraint scheduled_grant_pkey PRIMARY KEY (grant_id),
  constraint scheduled_grant_check CHECK ((expires_at > valid_from)),
  constraint scheduled_grant_credits_check CHECK ((credits > 0))
);
CREATE INDEX scheduled_grant_due ON wallet.scheduled_grant USING btree (valid_from) WHERE (done_at IS NULL);
CREATE INDEX scheduled_grant_of_workspace ON wallet.scheduled_grant USING btree (workspace_id) WHERE (done_at IS NULL);
alter table wallet.scheduled_grant enable row level security;
create policy all_rows on wallet.scheduled_grant for all to purser_work using (true);
create policy own_rows on wallet.scheduled_grant for select to purser_app using ((workspace_id = base.current_workspace()));
grant select on wallet.scheduled_grant to purser_app;
grant delete, insert, select, update on wallet.scheduled_grant to purser_work;

CREATE OR REPLACE FUNCTION wallet.begin_part()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into wallet.refresh (workspace_id, due_at) values (new.workspace_id, new.due_at)
  on conflict (workspace_id) do update set due_at = excluded.due_at where wallet.refresh.due_at > excluded.due_at;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION wallet.begin_period()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into wallet.refresh (workspace_id, due_at) values (new.workspace_id, new.changed_at)
  on conflict (workspace_id) do update set due_at = excluded.due_at where wallet.refresh.due_at > excluded.due_at;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION wallet.erase_end_user(p_workspace uuid, p_name text)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
begin
  delete from wallet.allocation where workspace_id = p_workspace and kind = 'member' and name = p_name;
  get diagnostics v_rows = row_count;
  perform pg_notify('purser_identity', 'workspace ' || p_workspace);
  return v_rows;
end $function$;

CREATE OR REPLACE FUNCTION wallet.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  v_rows integer;
  v_total integer;
begin
  delete from wallet.allocation where ctid = any (array(select ctid from wallet.allocation where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_total = row_count;
  delete from wallet.refresh where workspace_id = p_workspace;
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  delete from wallet.scheduled_grant where ctid = any (
    array(select ctid from wallet.scheduled_grant where workspace_id = p_workspace limit p_rows_max));
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $function$;
