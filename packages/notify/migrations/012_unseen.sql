-- What nobody has marked yet is read on every page, for the badge.
create index alert_unseen_by_operator on notify.alert (alert_id) where operator_seen_at is null;
create index alert_unseen_by_workspace on notify.alert (workspace_id, alert_id) where seen_at is null;
