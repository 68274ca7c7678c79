-- What the payment provider took of a payment, where an event told it: then nobody has to ask for it.
create table marketplace.told_fee (
  payment_intent text   primary key,
  fee            bigint not null check (fee >= 0),
  currency       text   not null
);
grant select, insert, update on marketplace.told_fee to purser_work;
