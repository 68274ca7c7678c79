-- A provider that fails, refuses our key, or with which too much is unresolved is told of as well.
alter table notify.alert drop constraint alert_kind_check;
alter table notify.alert add constraint alert_kind_check
  check (kind in ('threshold', 'anomaly', 'fraud', 'licence', 'overrun', 'unreconciled', 'missing', 'provider'));
