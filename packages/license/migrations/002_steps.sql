-- How many steps of the terms were announced: the later ones come while the stage stays what it is.
alter table license.standing add column steps smallint not null default 0 check (steps >= 0);
-- Whoever was told that the grace is over was told of all that went off then.
update license.standing set steps = 2 where stage = 'degraded';
alter table license.change drop constraint a_change;
alter table license.change add constraint a_change check (from_stage <> to_stage or to_stage = 'degraded');
