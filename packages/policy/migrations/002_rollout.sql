-- A catalogue that a share of the subscribers of another is moved to. `all` holds for ever, until it is taken back.
create table policy.rollout (
  rollout_id   uuid        primary key,
  from_version text        not null,
  to_version   text        not null check (to_version <> from_version),
  seed         text        not null check (length(seed) between 1 and 100),
  share_ppm    integer     not null check (share_ppm between 0 and 1000000),
  state        text        not null check (state in ('running', 'all', 'back')),
  started_at   timestamptz not null,
  changed_at   timestamptz not null
);
-- Whoever stands on a version is moved to one other at most.
create unique index one_rollout_from_a_version on policy.rollout (from_version) where state <> 'back';

-- What became of the calls on either side, counted while a roll-out runs.
create table policy.rollout_call (
  rollout_id uuid   not null references policy.rollout,
  arm        text   not null check (arm in ('moved', 'stayed')),
  outcome    text   not null,
  calls      bigint not null check (calls > 0),
  primary key (rollout_id, arm, outcome)
);

create trigger tell_change after insert or update on policy.rollout for each statement execute function policy.tell_platform();

grant select, insert, update on policy.rollout, policy.rollout_call to purser_work;
