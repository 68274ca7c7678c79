-- Which kinds of alerts there are is data of the modules that are turned on, checked where one is raised: a new kind needs no migration.
alter table notify.alert drop constraint alert_kind_check;
alter table notify.alert add constraint alert_kind_check check (kind ~ '^[a-z][a-z_]{0,39}$');
