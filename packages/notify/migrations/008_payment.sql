-- Payments that need a person: two subscriptions of one workspace, agreed limits that a change of plan lowered.
alter table notify.alert drop constraint alert_kind_check;
alter table notify.alert add constraint alert_kind_check
  check (kind in ('threshold', 'anomaly', 'fraud', 'licence', 'overrun', 'unreconciled', 'missing', 'provider', 'payment'));
