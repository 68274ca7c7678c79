-- What was agreed with a workspace, and is lowered because its plan does not pay for it, is told of as well.
alter table notify.alert drop constraint alert_kind_check;
alter table notify.alert add constraint alert_kind_check
  check (kind in ('threshold', 'anomaly', 'fraud', 'licence', 'overrun', 'unreconciled', 'missing', 'provider', 'payment', 'overrides'));
