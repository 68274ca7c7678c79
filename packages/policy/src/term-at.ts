import type { Catalog, Plan } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { type Window, windowAt } from '@purser/meters';
import { type Money, money, zero } from '@purser/money';
import { GAP_HOURS, type MonthRow, sumIn } from '@purser/terms';

import type { Allowed } from './merge-overrides.ts';
import type { WorkspaceState } from './workspace-state.ts';

/** The month that a workspace paid for and is served in. */
export interface ServedTerm {
  /** Undefined: nothing was ever collected for the plan that payments put it on. */
  readonly month: MonthRow | undefined;
  /** Its counters begin with the month; where the next is not collected yet, they go on. */
  readonly period: Window;
  /** How long all of this holds by itself. */
  readonly valid: Window;
  /** Absent: the plan's own, as before there were terms. */
  readonly allowed: Allowed | undefined;
}

interface Question {
  readonly workspace: Pick<Workspace, 'anchored_at'>;
  readonly workspace_state: WorkspaceState;
  readonly plan: Plan;
  readonly catalog: Pick<Catalog, 'fx'>;
  readonly now: Temporal.Instant;
}

const EPOCH = Temporal.Instant.fromEpochMilliseconds(0);

/**
 * What was collected rules a paid plan as long as a subscription goes on, or its last month lasts: the month that began last, and after its
 * end what is left of it, while the next is being collected. Undefined: the plan is free, or agreed without a subscription.
 */
export function termAt(question: Question): ServedTerm | undefined {
  const { workspace_state, plan, catalog, now } = question;
  const { months = [], subscribed = false, agreed = false, plan: paid } = workspace_state.terms ?? {};
  // As agreed: an operator said so, or the plan is none that payments put it on.
  const by_hand = agreed || paid !== plan.code;
  const begun = (at: Temporal.Instant): boolean => Temporal.Instant.compare(at, now) <= 0;
  const index = Math.max(
    0,
    months.findLastIndex(({ from }) => begun(from)),
  );
  const month = months[index];
  if (plan.price.nanos === 0n) return undefined;
  if (month === undefined) return by_hand ? undefined : unpaid(question);
  const next = months[index + 1]?.from;
  const over = begun(month.to);
  if (over && !subscribed && next === undefined && by_hand) return undefined;
  const start = begun(month.from) ? month.from : EPOCH;
  if (!over) {
    const end = next && Temporal.Instant.compare(next, month.to) < 0 ? next : month.to;
    return { month, period: { start: month.from, end }, valid: { start, end }, allowed: allowedBy(month, plan, catalog) };
  }
  // A month that nobody paid for has no end to tell: what resets is looked for a month on.
  const waiting = windowAt('billing_period', { anchor: month.to, timezone: 'UTC', now });
  const gap_end = month.kind === 'trial' ? month.to : month.to.add({ hours: GAP_HOURS });
  const ends = [waiting.end, next ?? null, begun(gap_end) ? null : gap_end].filter((end) => end !== null);
  const end = ends.reduce((first, at) => (Temporal.Instant.compare(at, first) < 0 ? at : first));
  const allowed = begun(gap_end) ? nothing(plan) : allowedBy(month, plan, catalog);
  return {
    month,
    period: { start: month.from, end: waiting.end },
    valid: { start: latest(month.to, waiting.start, gap_end, now), end },
    allowed,
  };
}

/** A plan that payments put it on, of which no money is left: nothing, until some comes. */
function unpaid({ plan, now, workspace }: Question): ServedTerm {
  const period = windowAt('billing_period', { anchor: workspace.anchored_at, timezone: 'UTC', now });
  return { month: undefined, period, valid: period, allowed: nothing(plan) };
}

/** The latest of these moments that is over. */
function latest(...moments: readonly Temporal.Instant[]): Temporal.Instant {
  const now = moments.at(-1) ?? EPOCH;
  return moments
    .slice(0, -1)
    .filter((at) => Temporal.Instant.compare(at, now) <= 0)
    .reduce((last, at) => (Temporal.Instant.compare(at, last) > 0 ? at : last), EPOCH);
}

/** Cautiously in the currency of the plan that is in force; without a stated rate nothing. */
export function allowedBy(
  { allowed, owed, owed_unit }: MonthRow,
  { price }: Plan,
  { fx }: Pick<Catalog, 'fx'>,
): Allowed | undefined {
  if (allowed === null) return undefined;
  const sum = (member: 'ceiling' | 'proven'): Money => {
    const debt = owed_unit === null ? [] : [{ unit: owed_unit, nanos: -owed }];
    const nanos = sumIn(price.currency, [...allowed.map((one) => ({ unit: one.unit, nanos: one[member] })), ...debt], fx);
    return money(nanos > 0n ? nanos : 0n, price.currency);
  };
  return { ceiling: sum('ceiling'), proven: sum('proven') };
}

function nothing({ price }: Plan): Allowed {
  const none: Money = zero(price.currency);
  return { ceiling: none, proven: none };
}
