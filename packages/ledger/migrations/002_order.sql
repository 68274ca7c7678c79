-- The order of the books is (transaction number, id). Ids alone do not do: they are drawn before their rows become
-- visible, so a row with a lower id can commit after one with a higher id. A transaction number below the oldest running
-- transaction is final: every row that will ever bear it is there. Readers that go forward through the books (roll-up,
-- sealing) therefore stop at `ledger.horizon()` and can skip nothing.

-- A dump restored into another cluster meets a counter that starts anew; the offset lifts it above what is in the books
-- (see `ledger.lift_transaction_numbers`). Stable, not immutable: a plan that has folded it would outlive its change.
create function ledger.transaction_offset() returns bigint language sql stable parallel safe as $$ select 0::bigint $$;

create function ledger.transaction_number() returns bigint language sql stable
  as $$ select pg_current_xact_id()::text::bigint + ledger.transaction_offset() $$;

-- All rows below it are visible or will never be. Read it in the statement that reads the rows, or before.
create function ledger.horizon() returns bigint language sql stable
  as $$ select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + ledger.transaction_offset() $$;

-- No row that can be seen bears this number or one above it.
create function ledger.next_transaction_number() returns bigint language sql stable as $$
  select greatest(pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_xact_id_if_assigned()::text::bigint + 1)
    + ledger.transaction_offset()
$$;

-- The order takes the place of the key on id, so the settlement maintains as many indexes as before.
alter table ledger.posting alter column xid drop default;
alter table ledger.posting alter column xid type bigint using xid::text::bigint;
alter table ledger.posting alter column xid set default ledger.transaction_number();
alter table ledger.posting drop constraint posting_pkey;
alter table ledger.posting add primary key (xid, id);

alter table ledger.attempt alter column xid drop default;
alter table ledger.attempt alter column xid type bigint using xid::text::bigint;
alter table ledger.attempt alter column xid set default ledger.transaction_number();
alter table ledger.attempt drop constraint attempt_pkey;
alter table ledger.attempt add primary key (xid, id);

-- Block-range indexes cost the insert nothing one can measure: time for the ends of a report, hold ids (UUIDv7, so they
-- follow the order of the rows; a late settlement is an outlier that multi-minmax keeps apart) for disputes.
create index posting_of_time on ledger.posting using brin (posted_at) with (autosummarize = on);
create index posting_of_hold on ledger.posting using brin (hold_id uuid_minmax_multi_ops) with (autosummarize = on);
create index attempt_of_hold on ledger.attempt using brin (hold_id uuid_minmax_multi_ops) with (autosummarize = on);

-- Not even a session that plays the replica passes the guard; it has to be disabled, and verification notices that.
alter table ledger.posting enable always trigger append_only;
alter table ledger.attempt enable always trigger append_only;
