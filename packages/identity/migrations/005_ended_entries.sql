-- Sessions lie here whether or not there is a Redis, which only saves asking. Whom an entry is about, as keyed hashes: an erasure ends it by them.
alter table identity.sealed_entry add column about bytea[] not null default '{}';
create index sealed_entry_about on identity.sealed_entry using gin (about) where about <> '{}';
comment on column identity.sealed_entry.sealed is 'empty: a session that was ended, kept for a while so that nothing that was being written meanwhile opens it again';
