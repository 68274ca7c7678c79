-- The chain. A block seals the next rows of each source in the order of the books; its digest covers the digest before it.
create table audit.block (
  seq       bigint      primary key check (seq > 0),
  previous  bytea       not null check (octet_length(previous) = 32),
  sealed_at timestamptz not null,
  digest    bytea       not null check (octet_length(digest) = 32)
);

-- The rows of one source in a block: after one position (null: from the beginning) through another.
create table audit.block_part (
  seq         bigint  not null references audit.block,
  source      text    not null check (source in ('entry', 'posting', 'attempt')),
  after_xid   bigint,
  after_id    bigint,
  through_xid bigint  not null,
  through_id  bigint  not null,
  rows        integer not null check (rows > 0),
  digest      bytea   not null check (octet_length(digest) = 32),
  primary key (seq, source),
  check ((after_xid is null) = (after_id is null)),
  check (after_xid is null or (through_xid, through_id) > (after_xid, after_id))
);
-- Where sealing goes on, and in which block a row is.
create index block_part_of_source on audit.block_part (source, through_xid, through_id);

-- The chain is the operator's: no policy for the tenants' role, so it reads none of it even by a careless grant.
alter table audit.block enable row level security;
alter table audit.block_part enable row level security;
create policy all_rows on audit.block for select to purser_work using (true);
create policy new_rows on audit.block for insert to purser_work with check (true);
grant select, insert on audit.block to purser_work;
create policy all_rows on audit.block_part for select to purser_work using (true);
create policy new_rows on audit.block_part for insert to purser_work with check (true);
grant select, insert on audit.block_part to purser_work;
create trigger append_only before update or delete or truncate on audit.block
  for each statement execute function ledger.refuse_change();
alter table audit.block enable always trigger append_only;
create trigger append_only before update or delete or truncate on audit.block_part
  for each statement execute function ledger.refuse_change();
alter table audit.block_part enable always trigger append_only;
