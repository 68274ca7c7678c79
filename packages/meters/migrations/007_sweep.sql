-- Up to where the sweep has left no open hold behind, so that it never reads old holds again.
create table meters.sweep (
  only_row boolean     primary key default true check (only_row),
  swept_to timestamptz not null
);
grant select, insert, update on meters.sweep to purser_work;

-- A hold written at the moment of the sweep may commit after it with an expiry before `p_now`; the mark stays well behind
-- the shortest life a hold can have. A mark in the future was set by a clock that ran ahead: holds written since may lie below
-- it, so it counts for nothing and is set anew.
create function meters.mark_swept(p_now timestamptz) returns void language sql as $$
  insert into meters.sweep (swept_to)
  select least(p_now - interval '1 hour', (select min(expires_at) - interval '1 second' from meters.hold
    where state = 'open' and expires_at <= p_now
      and expires_at > coalesce((select swept_to from meters.sweep where swept_to <= p_now), '-infinity')))
  on conflict (only_row) do update set swept_to =
    case when meters.sweep.swept_to > p_now then excluded.swept_to else greatest(meters.sweep.swept_to, excluded.swept_to) end
$$;
