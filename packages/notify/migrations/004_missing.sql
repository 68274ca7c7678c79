-- What a fail-over or a restore from an older state left out is told as well.
alter table notify.alert drop constraint alert_kind_check;
alter table notify.alert add constraint alert_kind_check
  check (kind in ('threshold', 'anomaly', 'fraud', 'licence', 'overrun', 'unreconciled', 'missing'));
