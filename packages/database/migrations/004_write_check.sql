-- What a server asks itself by before it says that it is ready: whether a write gets through. One row, written over and over.
create table base.write_check (
  only_row   boolean     primary key default true check (only_row),
  checked_at timestamptz not null default clock_timestamp()
) with (fillfactor = 10);
insert into base.write_check default values;
grant select, update on base.write_check to purser_work;

-- Which migrations have landed, so that a server that runs notices when a newer version brings the database forward.
grant select (room, number) on base.migration to purser_work;
