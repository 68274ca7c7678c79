-- A hold that a batch asks to end, beside what it really took. `state` is what it was before.
create type meters.ending as (
  id uuid, workspace_id uuid, state meters.state, kind text, meters uuid[], amounts bigint[], actuals bigint[],
  credit_meter uuid, charged bigint, grants uuid[], grant_amounts bigint[], plan text, provider text,
  cost bigint, cost_unit text, reported bigint, reported_unit text,
  paid_to text, actual_cost bigint, actual_reported bigint, answer text
);

-- Gives held credits back to the grants they came from, less what was charged, in burn order.
-- What returns to a grant whose time is over lapses with it.
create function meters.end_grants(p_now timestamptz, p_endings meters.ending[]) returns void language plpgsql as $$
declare
  v_lapsed uuid[];
begin
  with moved as (
    update meters.grant g set
      held   = g.held - s.amount,
      used   = g.used + s.spent,
      closed = g.held = s.amount and g.used + s.spent + g.expired = g.amount
    from (
      select d.grant_id, sum(d.amount)::bigint as amount, sum(greatest(0, least(d.amount, d.charged - d.before)))::bigint as spent
      from (select l.grant_id, l.amount, e.charged, sum(l.amount) over (partition by e.id order by l.n) - l.amount as before
            from unnest(p_endings) e cross join lateral unnest(e.grants, e.grant_amounts) with ordinality l (grant_id, amount, n)
            where e.state = 'open') d
      group by d.grant_id
    ) s
    where g.id = s.grant_id
    returning g.id, g.expired_at
  )
  select array_agg(id) into v_lapsed from moved where expired_at is not null;
  if v_lapsed is not null then perform meters.lapse_grants(p_now, v_lapsed); end if;
end $$;

-- Books what settled holds charged and cost, cost up to what was held.
create function meters.post_ends(p_now timestamptz, p_endings meters.ending[]) returns void language plpgsql as $$
begin
  perform ledger.post_many(p_now, array_agg(p.workspace_id), array_agg(p.id), array_agg(p.debit), array_agg(p.credit), array_agg(p.amount),
    array_agg(p.unit), array_agg(p.reported), array_agg(p.reported_unit), array_agg(p.plan))
  from (
    select workspace_id, id, 'wallet' as debit, 'spent' as credit, charged as amount, 'credit' as unit, null::bigint as reported,
      null::text as reported_unit, plan
    from unnest(p_endings) where state = 'open' and kind = 'settle' and charged > 0
    union all
    select workspace_id, id, 'cost', 'payable:' || paid_to, least(actual_cost, cost), cost_unit, least(actual_reported, reported),
      reported_unit, plan
    from unnest(p_endings) where state = 'open' and kind = 'settle' and least(actual_cost, cost) > 0
  ) p having count(*) > 0;
end $$;

-- Books cost beyond the hold: real, never refused, and ours to bear.
create function meters.post_overruns(p_now timestamptz, p_endings meters.ending[]) returns void language plpgsql as $$
begin
  perform ledger.post(p_now, workspace_id, id, 'overrun', 'payable:' || paid_to, actual_cost - cost, cost_unit,
    greatest(actual_reported - reported, 0), reported_unit, plan)
  from unnest(p_endings) where state in ('open', 'expired') and kind = 'settle' and actual_cost > cost;
end $$;

-- Counts and books doubt: the worst case of a hold that ended without word, and for one that has word at last the way back out.
create function meters.end_doubts(p_now timestamptz, p_endings meters.ending[]) returns void language plpgsql as $$
begin
  update meters.meter m set unreconciled = m.unreconciled + d.doubted, used = m.used + d.used, overrun = m.overrun + d.excess
  from (
    select l.meter, sum(case when e.state = 'open' then l.amount else -l.amount end)::bigint as doubted,
      sum(case when e.state = 'open' then 0 else least(l.actual, l.amount) end)::bigint as used,
      sum(case when e.state = 'open' then 0 else greatest(l.actual - l.amount, 0) end)::bigint as excess
    from unnest(p_endings) e cross join lateral unnest(e.meters, e.amounts, e.actuals) l (meter, amount, actual)
    where (e.state = 'open' and e.kind = 'doubt') or (e.state = 'expired' and e.kind <> 'doubt')
    group by l.meter
  ) d
  where m.id = d.meter and m.class = 'cost';

  perform ledger.post(p_now, workspace_id, id, 'unreconciled', 'payable:' || provider, cost, cost_unit, reported, reported_unit, plan)
  from unnest(p_endings) where state = 'open' and kind = 'doubt' and cost > 0;
  perform ledger.post(p_now, workspace_id, id, 'cost', 'unreconciled', least(actual_cost, cost), cost_unit, least(actual_reported, reported),
    reported_unit, plan)
  from unnest(p_endings) where state = 'expired' and kind = 'settle' and least(actual_cost, cost) > 0;
  perform ledger.post(p_now, workspace_id, id, 'payable:' || provider, 'unreconciled', cost - least(actual_cost, cost), cost_unit,
    reported - least(actual_reported, reported), reported_unit, plan)
  from unnest(p_endings) where state = 'expired' and kind <> 'doubt' and cost > actual_cost;
end $$;

-- A key stays with the hold that spent under it and remembers the answer; a hold that charged nothing gives its key back.
create function meters.end_keys(p_endings meters.ending[]) returns void language plpgsql as $$
begin
  update meters.idempotency i set answer = e.answer
  from unnest(p_endings) e where i.hold_id = e.id and e.state = 'open' and e.kind = 'settle' and e.answer <> '';
  delete from meters.idempotency i
  using unnest(p_endings) e where i.hold_id = e.id and e.state = 'open' and e.kind <> 'settle';
end $$;

-- Ends holds whose workspaces' guards the caller has. What is asked (`kind`) is to settle, to void, or to doubt: the provider
-- may have billed, and nobody knows how much.
--
--   open    + settle → settled:    min(actual, held) becomes used, the rest is released, the excess is overrun
--   open    + void   → voided:     everything is released
--   open    + doubt  → expired:    everything is released, but cost stays counted as unreconciled
--   expired + settle → reconciled: cost leaves unreconciled for used; credits and quotas were given back and stay so
--   expired + void   → reconciled: as settled at zero
--   anything else changes nothing: a hold ends once.
-- The flags say which of the rarer parts have work: doubt, grants, overruns, idempotency keys.
create function meters.end_locked(
  p_now timestamptz, p_endings meters.ending[], p_doubtful boolean, p_granted boolean, p_over boolean, p_keyed boolean
) returns void language plpgsql as $$
begin
  -- Counters, one update a meter whatever the number of holds.
  update meters.meter m set
    held    = m.held - d.held,
    used    = m.used + case m.class when 'gauge' then 0 else d.used end,
    overrun = m.overrun + case when m.class in ('cost', 'quota') then d.excess else 0 end
  from (
    select l.meter, sum(l.amount)::bigint as held, sum(least(l.actual, l.amount))::bigint as used,
      sum(greatest(l.actual - l.amount, 0))::bigint as excess
    from unnest(p_endings) e cross join lateral unnest(e.meters, e.amounts, e.actuals) l (meter, amount, actual)
    where e.state = 'open'
    group by l.meter
  ) d
  where m.id = d.meter;

  if p_granted then perform meters.end_grants(p_now, p_endings); end if;
  perform meters.post_ends(p_now, p_endings);
  if p_over then perform meters.post_overruns(p_now, p_endings); end if;
  if p_doubtful then perform meters.end_doubts(p_now, p_endings); end if;
  if p_keyed then perform meters.end_keys(p_endings); end if;

  update meters.hold h set
    state    = (case when e.state = 'expired' then 'reconciled' when e.kind = 'settle' then 'settled'
                     when e.kind = 'void' then 'voided' else 'expired' end)::meters.state,
    ended_at = p_now,
    actuals  = e.actuals
  from unnest(p_endings) e
  where h.id = e.id and (e.state = 'open' or (e.state = 'expired' and e.kind <> 'doubt'));
end $$;
