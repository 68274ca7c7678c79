-- One spelling everywhere: what is told of licenses is of the kind `license`.
alter table notify.alert drop constraint alert_kind_check;
update notify.alert set kind = 'license' where kind = 'licence';
alter table notify.alert add constraint alert_kind_check
  check (kind in ('threshold', 'anomaly', 'fraud', 'license', 'overrun', 'unreconciled', 'missing', 'provider', 'payment', 'overrides'));
