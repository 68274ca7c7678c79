-- What goes back of a raise that was spent is owed: a later one pays it before it raises anything, and a dispute that is won gives back only that.
-- `peak` is the most the ceiling was raised by within the period: no more than that can have been spent of raises.
alter table policy.raised drop constraint raised_nanos_check;
alter table policy.raised add column peak bigint not null default 0 check (peak >= 0);
update policy.raised set peak = nanos;
