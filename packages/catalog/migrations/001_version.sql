create schema catalog;
grant usage on schema catalog to purser_work;

-- What was for sale, as it was written. A subscriber stays on the version it bought, so no version is ever changed or forgotten.
create table catalog.version (
  version   text        primary key,
  name      text        not null,
  text      text        not null,
  stored_at timestamptz not null,
  -- The version is the content: the name and the first twelve hex digits of the hash.
  check (version = name || '@' || left(encode(sha256(convert_to(text, 'UTF8')), 'hex'), 12))
);

create function catalog.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'catalog.% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on catalog.version
  for each statement execute function catalog.refuse_change();

-- Prices of providers that were rolled out to a share of the workspaces, as they were written.
create table catalog.price_list (
  version   text        primary key check (version = 'prices:' || left(encode(sha256(convert_to(text, 'UTF8')), 'hex'), 12)),
  text      text        not null,
  stored_at timestamptz not null
);
create trigger append_only before update or delete or truncate on catalog.price_list
  for each statement execute function catalog.refuse_change();
grant select, insert on catalog.version, catalog.price_list to purser_work;
