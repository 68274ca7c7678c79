import type { Connection, Pool } from '@purser/database';
import { type Meters, type MeterSpec, type MeterState } from '@purser/meters';
import { convertAllowance, convertPlain, type Currency, divide, type Money, money } from '@purser/money';
import type { ServedTerms } from '@purser/terms';

import { mergeOverrides } from './merge-overrides.ts';
import type { Policy } from './policy.ts';
import type { Raised } from './workspace-state.ts';
import { allowedBy } from './term-at.ts';

export interface CeilingRaise {
  /** The same id again raises nothing: the key that makes a retried or doubled purchase count once. */
  readonly id: string;
  /** Negative: a refund takes back. What was spent of it stays spent. */
  readonly amount: Money;
  readonly reason: string;
  /** What was raised for the same reason until now, in the currency of `amount`: what goes back takes that part of what was given for it. */
  readonly so_far?: Money;
}

/**
 * Raises the ceiling of the workspace's billing period, in the caller's transaction; every server knows within a second of its commit.
 * What is not spent of it by the end of the period goes on to the next. What goes back though it was spent is owed, so that giving it
 * back again gives nothing twice. An amount in another currency counts at the cautious rate, rounded down; what goes back of one that was raised
 * (`so_far`), by what was given for it then, whatever plan and rates there are since. False: this raise was made before.
 */
export async function raiseCeiling(
  tx: Connection,
  policy: Policy,
  { id, amount, reason, so_far }: CeilingRaise,
  now: Temporal.Instant,
): Promise<boolean> {
  const { currency } = policy.plan.price;
  const period_start = policy.billing_period.start.toString();
  await tx.query(
    `insert into policy.raised (workspace_id, unit, period_start, nanos, changed_at) values ($1, $2, $3, 0, $4) on conflict do nothing`,
    [policy.workspace.id, currency, period_start, now.toString()],
  );
  const { rows } = await tx.query<Raised>(
    'select unit, period_start, nanos, peak from policy.raised where workspace_id = $1 for update',
    [policy.workspace.id],
  );
  // What is still of an earlier period, or counts in the currency of an earlier plan, is carried over whole when the policy is next
  // resolved; where nothing is left, there is nothing to carry.
  const [row] = rows;
  const kept = row && (row.nanos !== 0n || row.peak !== 0n) ? row : undefined;
  const unit = (kept?.unit ?? currency) as Currency;
  const back = amount.nanos < 0n && so_far !== undefined && so_far.nanos > 0n;
  const nanos = back
    ? -divide((await givenFor(tx, policy, reason, unit)) * -amount.nanos, so_far.nanos, 'up')
    : convertAllowance(amount, unit, policy.catalog.fx).nanos;
  if (nanos === 0n) return false;
  const { rowCount } = await tx.query(
    `insert into policy.raise (raise_id, workspace_id, unit, nanos, reason, raised_at) values ($1, $2, $3, $4, $5, $6)
     on conflict do nothing`,
    [id, policy.workspace.id, unit, nanos, reason, now.toString()],
  );
  if (rowCount === 0) return false;
  await tx.query(
    `update policy.raised set unit = $2, period_start = $3, nanos = nanos + $4::bigint, peak = greatest(peak, nanos + $4::bigint), changed_at = $5 where workspace_id = $1`,
    [policy.workspace.id, unit, kept?.period_start.toString() ?? period_start, nanos, now.toString()],
  );
  return true;
}

/** What was given until now, in `unit`: what was given in another is carried over at the plain rate. */
async function givenFor(
  tx: Pick<Connection, 'query'>,
  { workspace, catalog }: Policy,
  reason: string,
  unit: Currency,
): Promise<bigint> {
  const { rows } = await tx.query<{ unit: string; nanos: bigint }>(
    'select unit, sum(nanos)::bigint as nanos from policy.raise where workspace_id = $1 and reason = $2 group by unit',
    [workspace.id, reason],
  );
  const given = rows.reduce(
    (sum, one) => sum + convertPlain(money(one.nanos, one.unit as Currency), unit, catalog.fx, 'up').nanos,
    0n,
  );
  return given > 0n ? given : 0n;
}

/** Whether what was raised belongs to another period, or counts in another currency, than the policy's. */
export function isToCarry({ billing_period, plan }: Policy, raised: Raised | undefined): raised is Raised {
  if (raised === undefined) return false;
  const earlier = Temporal.Instant.compare(raised.period_start, billing_period.start) < 0;
  return earlier || raised.unit !== plan.price.currency;
}

/** Takes into the policy's period what the period before left of its raises: all of it, less what was spent beyond the plan's own cap. */
export async function carryRaise(
  pool: Pool,
  meters: Pick<Meters, 'read'>,
  { policy, raised, terms }: { readonly policy: Policy; readonly raised: Raised; readonly terms: ServedTerms | undefined },
  now: Temporal.Instant,
): Promise<void> {
  const [before] = await meters.read([costMeterAt(policy, raised)]);
  const left = leftOfRaise(policy, raised, before === undefined ? 0n : takenOf(before), capBefore(policy, raised, terms));
  await pool.query(
    `update policy.raised set unit = $2, period_start = $3, nanos = $4, peak = greatest($4::bigint, 0), changed_at = $5
     where workspace_id = $1 and period_start = $6 and nanos = $7`,
    [
      policy.workspace.id,
      left.currency,
      policy.billing_period.start.toString(),
      left.nanos,
      now.toString(),
      raised.period_start.toString(),
      raised.nanos,
    ],
  );
}

/** What raises paid for beyond what the periods themselves allowed. */
export interface SpentRaises {
  /** In the periods before the one under way: all raises there were, less what is left of them. */
  readonly before: readonly { readonly unit: Currency; readonly nanos: bigint }[];
  /** In the one that began then, at most. */
  readonly since: Temporal.Instant | undefined;
  readonly current: readonly { readonly unit: Currency; readonly nanos: bigint }[];
}

export async function spentOfRaises(tx: Pick<Connection, 'query'>, workspace: string): Promise<SpentRaises> {
  const { rows: raises } = await tx.query<{ unit: string; nanos: bigint }>(
    'select unit, sum(nanos)::bigint as nanos from policy.raise where workspace_id = $1 group by unit order by unit',
    [workspace],
  );
  const { rows } = await tx.query<Raised>('select unit, period_start, nanos, peak from policy.raised where workspace_id = $1', [
    workspace,
  ]);
  const [raised] = rows;
  const left = raised ? [{ unit: raised.unit as Currency, nanos: raised.nanos }] : [];
  return {
    before: [
      ...raises.map(({ unit, nanos }) => ({ unit: unit as Currency, nanos })),
      ...left.map(({ unit, nanos }) => ({ unit, nanos: -nanos })),
    ],
    since: raised?.period_start,
    current: left.filter(({ nanos }) => nanos > 0n),
  };
}

/** What the period of a raise admitted by itself: what was collected for it, or the plan as agreed. */
function capBefore(policy: Policy, { period_start }: Raised, terms: ServedTerms | undefined): Money {
  const { plan, catalog, workspace } = policy;
  const month = terms?.months.find(({ from }) => from.equals(period_start));
  const allowed = month && allowedBy(month, plan, catalog);
  return mergeOverrides({ plan, catalog, overrides: workspace.overrides, now: period_start, allowed }).cost_cap;
}

/**
 * What an earlier period, in which `taken` was taken of its cost meter, leaves of its raises; in the currency of the policy's plan. `cap` is what the
 * period admitted without them. What is owed of a raise that went back stays owed; an overrun is nobody's debt.
 */
export function leftOfRaise({ plan, catalog }: Policy, raised: Raised, taken: bigint, cap: Money): Money {
  const currency = raised.unit as Currency;
  const beyond = taken - convertPlain(cap, currency, catalog.fx, 'down').nanos;
  const spent = beyond <= 0n ? 0n : beyond < raised.peak ? beyond : raised.peak;
  const left = raised.nanos - spent;
  return convertPlain(money(left, currency), plan.price.currency, catalog.fx, 'down');
}

function costMeterAt({ workspace }: Policy, { unit, period_start }: Raised): MeterSpec {
  return { workspace: workspace.id, key: 'cost', unit, class: 'cost', window_start: period_start, window_end: null, cap: null };
}

/** What is held may yet be spent: it counts as spent. */
function takenOf({ held, used, unreconciled, overrun }: MeterState): bigint {
  return held + used + unreconciled + overrun;
}
