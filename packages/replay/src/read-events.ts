import type { Pool } from '@purser/database';
import { type Attempt, attemptsBetween, creditBalances, creditsTakenBack, periodsBetween } from '@purser/ledger';
import { type GrantMade, grantsBetween } from '@purser/meters';
import { type Currency, currency, money } from '@purser/money';
import { raisesBefore } from '@purser/policy';

import type { Event, RecordedCall, RecordedGrant } from './recorded.ts';

interface Span {
  /** From here credits are known. */
  readonly opens: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** Longer than any billing period, and any month. */
const PERIOD_MAX_H = 31 * 24;

/** So long before a span a billing period may have begun that reaches into it. */
export function beforePeriod(at: Temporal.Instant): Temporal.Instant {
  return at.subtract({ hours: PERIOD_MAX_H });
}

/**
 * What the books tell of [opens, to), in the order of time and a batch at a time; before it the calls of those whose ceiling was raised
 * earlier, for what they spent of the raise. `skipped` hears of calls whose usage or cost nobody knows.
 */
export async function* readEvents(pool: Pool, { opens, to }: Span, skipped: (calls: number) => void): AsyncGenerator<Event[]> {
  const raises = (await raisesBefore(pool, to)).map(({ workspace, raised_at, unit, nanos }): Event => ({
    workspace,
    at: raised_at,
    what: { kind: 'raise', amount: money(nanos, unit as Currency) },
  }));
  const earlier = raises.filter(({ at }) => Temporal.Instant.compare(at, opens) < 0);
  const [first] = earlier;
  if (first) {
    const workspaces = [...new Set(earlier.map(({ workspace }) => workspace))];
    const calls = attemptsBetween(pool, { from: beforePeriod(first.at), to: opens, workspaces });
    yield* interleave(earlier, calls, skipped);
  }
  const rest = raises.slice(earlier.length);
  const others = await Promise.all([openings(pool, opens, to), periods(pool, opens, to), takenBack(pool, opens, to)]);
  // Sorting keeps what happened at one time in this order: a grant is there before what it is spent on.
  const events = [...others.flat(), ...rest].toSorted((a, b) => Temporal.Instant.compare(a.at, b.at));
  yield* interleave(events, attemptsBetween(pool, { from: opens, to }), skipped);
}

/** What was granted since, and for each workspace what it had at that time. */
async function openings(pool: Pool, opens: Temporal.Instant, to: Temporal.Instant): Promise<Event[]> {
  const [grants, balances] = await Promise.all([grantsBetween(pool, { from: opens, to }), creditBalances(pool, opens)]);
  const earlier = Map.groupBy(
    grants.filter(({ granted_at }) => Temporal.Instant.compare(granted_at, opens) < 0),
    ({ workspace }) => workspace,
  );
  const opened = [...earlier].map(([workspace, of]): Event => ({
    workspace,
    at: opens,
    what: { kind: 'opening', grants: of.map(grantOf), balance: balances.get(workspace) ?? 0n },
  }));
  const made = grants
    .filter(({ granted_at }) => Temporal.Instant.compare(granted_at, opens) >= 0)
    .map((grant): Event => ({
      workspace: grant.workspace,
      at: grant.granted_at,
      what: { kind: 'grant', grant: grantOf(grant) },
    }));
  return [...opened, ...made];
}

function grantOf({ id, source, amount, expires_at }: GrantMade): RecordedGrant {
  return { id, source, credits: amount, expires_at };
}

async function periods(pool: Pool, from: Temporal.Instant, to: Temporal.Instant): Promise<Event[]> {
  const begun = await periodsBetween(pool, { from, to });
  return begun.map(({ workspace, at }) => ({ workspace, at, what: { kind: 'period' } }));
}

async function takenBack(pool: Pool, from: Temporal.Instant, to: Temporal.Instant): Promise<Event[]> {
  const taken = await creditsTakenBack(pool, { from, to });
  return taken.map(({ workspace, at, credits }) => ({ workspace, at, what: { kind: 'taken', credits } }));
}

/** Before each call everything that had happened when it began. */
async function* interleave(
  events: readonly Event[],
  calls: AsyncIterable<readonly Attempt[]>,
  skipped: (calls: number) => void,
): AsyncGenerator<Event[]> {
  let next = 0;
  for await (const attempts of calls) {
    const batch: Event[] = [];
    for (const attempt of attempts) {
      for (let event = events[next]; event && Temporal.Instant.compare(event.at, attempt.started_at) <= 0; event = events[++next])
        batch.push(event);
      const call = callOf(attempt);
      if (call === undefined) skipped(1);
      else batch.push({ workspace: attempt.workspace, at: attempt.started_at, what: { kind: 'call', call } });
    }
    yield batch;
  }
  yield events.slice(next);
}

/** What the ledger keeps as JSON is what the gate wrote. */
function callOf(attempt: Attempt): RecordedCall | undefined {
  const { usage, cost, cost_unit } = attempt;
  if (cost === null || cost_unit === null || typeof usage !== 'object' || usage === null || !('input_tokens' in usage))
    return undefined;
  return { ...attempt, usage: usage as RecordedCall['usage'], cost: money(cost, currency(cost_unit)) };
}
