-- The words of the API: what changes nothing is ignored.
alter table marketplace.event drop constraint event_outcome_check;
update marketplace.event set outcome = 'ignored' where outcome = 'kept';
alter table marketplace.event add constraint event_outcome_check check (outcome in ('applied', 'ignored', 'refused'));
