-- Months and parts that nothing moves any more but what is told of their own time: an event of a later one does not read them.
alter table terms.month add column closed boolean not null default false;
alter table terms.part add column closed boolean not null default false;
create index open_month on terms.month (workspace_id, starts_at) where not closed;
create index open_part on terms.part (workspace_id) where not closed;
