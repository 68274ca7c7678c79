-- The words of the API and of the catalog: a ladder has levels, a rollout is completed or rolled back, and compares treatment with control.
alter table policy.rung rename column rung to level;
alter table policy.rung rename to level;
alter table policy.level rename constraint rung_pkey to level_pkey;
alter table policy.level rename constraint rung_check to level_check;
alter index policy.rung_in_force rename to level_in_force;
alter policy own_rungs on policy.level rename to own_levels;

drop index policy.one_rollout_from_a_version;
alter table policy.rollout drop constraint rollout_state_check;
update policy.rollout set state = case state when 'all' then 'completed' when 'back' then 'rolled_back' else state end;
alter table policy.rollout add constraint rollout_state_check check (state in ('running', 'completed', 'rolled_back'));
create unique index one_rollout_from_a_version on policy.rollout (from_version) where state <> 'rolled_back';

alter table policy.rollout_call drop constraint rollout_call_arm_check;
update policy.rollout_call set arm = case arm when 'moved' then 'treatment' else 'control' end;
alter table policy.rollout_call add constraint rollout_call_arm_check check (arm in ('treatment', 'control'));
