-- What an invoice put onto the balance of its customer, and what of that balance paid it: money that another invoice collected.
alter table marketplace.invoice
  add column to_balance bigint not null default 0 check (to_balance >= 0),
  add column from_balance bigint not null default 0 check (from_balance >= 0);
