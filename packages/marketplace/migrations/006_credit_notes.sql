-- What a credit note put onto the balance of its customer: it pays a later invoice, with money that its own invoice collected.
alter table marketplace.credit_note
  add column to_balance bigint not null default 0 check (to_balance >= 0),
  add column at timestamptz;
