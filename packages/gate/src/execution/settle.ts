import { creditsFor } from '@purser/catalog';
import type { AttemptRecord, EndRequest } from '@purser/meters';
import { convertCost } from '@purser/money';

import { type Amounts, amountFor, chargeOf, creditsHeld } from '../admission/amounts.ts';
import type { Held } from '../admission/held.ts';
import type { Engine } from '../deps.ts';
import type { Bill, ServedCall } from '../gate.ts';
import { costOf, type Ending } from './ending.ts';
import { noteOverrun } from './route-outcome.ts';

/** One physical call as it went, before it is priced. */
export interface Attempt {
  readonly started_at: Temporal.Instant;
  readonly duration_ms: number;
  /** `ok`, `stopped` (the client left), `empty` (nothing in the answer), or what kind of failure. */
  readonly outcome: string;
  readonly model_version: string | null;
  readonly request_id: string | null;
}

/** Whether the call ended with it: it was answered, or its reader left. After a failure another provider may be asked. */
function isServed({ outcome }: Attempt): boolean {
  return outcome === 'ok' || outcome === 'stopped' || outcome === 'empty';
}

/** An ending that is booked. */
export type BookedEnding = Exclude<Ending, { kind: 'unresolved' }>;

/** Credits as the books have them after a call; `balance` is neither held nor used. */
export interface Booked {
  readonly charged: bigint;
  readonly balance: bigint;
}

export function servedCall({ draft, fitted, hold }: Held): ServedCall {
  return {
    id: hold.id,
    degraded: [...draft.degraded, ...fitted.degraded],
    offline: fitted.model.provider === 'offline',
  };
}

/** What a call comes to, known as soon as its ending is. */
export function billOf(held: Held, ending: BookedEnding, charge: 'served' | 'nothing'): Bill {
  const of_credits = creditsHeld(held.hold);
  const held_credits = of_credits.granted + of_credits.sold;
  const due = charge === 'nothing' ? 0n : dueFor(held, ending);
  return {
    ...servedCall(held),
    cost: ending.cost,
    // Never more than was held: what a provider does beyond it is ours to bear.
    charged: due < held_credits ? due : held_credits,
  };
}

/** Credits for what is sure, and at least what the operation costs in any case. */
function dueFor(held: Held, ending: BookedEnding): bigint {
  const { catalog, operation } = held.draft;
  if (ending.kind === 'known') return creditsFor(catalog, operation, ending.cost);
  const sure = ending.sure === null ? 0n : creditsFor(catalog, operation, costOf(held, ending.sure));
  return sure > operation.credits_min ? sure : operation.credits_min;
}

/** What a settle is told besides its bill. */
export interface BookingTerms {
  /** Stored under the idempotency key. */
  readonly kept?: string | undefined;
  /** The answer does not wait for it, so it may gather others. */
  readonly deferred?: boolean;
}

/**
 * Ends a hold with what the call really cost, and books it. Nothing is charged when the hold had been given back meanwhile.
 */
export async function book(
  engine: Engine,
  held: Held,
  attempt: Attempt,
  ending: BookedEnding,
  bill: Bill,
  terms: BookingTerms = {},
): Promise<Booked> {
  const { draft, fitted, hold } = held;
  const { fx } = draft.catalog;
  const { cost, charged } = bill;
  engine.onBilled?.(bill);
  const served = isServed(attempt);
  // Who waits for the settle is answered after it.
  if (served && terms.deferred) draft.watch.end('ok', bill);
  const counted = draft.ask.task.counted(ending.kind === 'bounded' && ending.sure !== null ? ending.sure : ending.usage);
  const credits = chargeOf(charged, creditsHeld(hold).granted);
  const amounts: Amounts = { cost, dearest_cost: cost, counted, in_flight: 0n, credits };
  if (cost.nanos > fitted.worst_cost.nanos) {
    noteOverrun(engine, held, `transaction ${hold.id} cost more than its hold`);
  }
  if (engine.pause) await engine.pause('before settle');
  const settle: Extract<EndRequest, { kind: 'settle' }> = {
    kind: 'settle',
    hold: hold.id,
    workspace: hold.workspace,
    actuals: hold.legs.map(({ meter }) => amountFor(meter, amounts, fx)),
    cost: cost.nanos,
    reported: convertCost(cost, draft.policy.plan.price.currency, fx).nanos,
    provider: fitted.model.provider,
    attempts: [attemptRecord(held, attempt, ending)],
    ...(terms.kept === undefined ? {} : { answer: terms.kept }),
  };
  const outcome = await engine.meters.end(settle, terms.deferred);
  if (outcome.before === 'unknown') await keepLost(engine, held, settle);
  if (served) draft.watch.end('ok', bill);
  engine.onSpent?.(draft.policy);
  if (engine.pause) await engine.pause('after settle');
  return { charged: outcome.before === 'open' ? charged : 0n, balance: outcome.credits_available ?? 0n };
}

/** The database has forgotten the hold, as one that took over behind the last one has: the call was made all the same, and is in the books. */
async function keepLost(engine: Engine, { hold }: Held, settle: Extract<EndRequest, { kind: 'settle' }>): Promise<void> {
  const { cost, reported, actuals, attempts = [] } = settle;
  const kept = await engine.meters.keepLost({ hold, cost, reported, actuals, attempts });
  if (kept) engine.onLost?.(hold);
}

/** Ends a hold whose call cost nothing (`void`), or may have cost something nobody can tell (`unresolved`). */
export async function endUnserved(
  engine: Engine,
  held: Held,
  attempt: Attempt,
  how: { readonly kind: 'void' } | { readonly kind: 'unresolved'; readonly why?: 'outage' | 'timeout' },
): Promise<void> {
  const end: EndRequest = {
    ...how,
    hold: held.hold.id,
    workspace: held.hold.workspace,
    attempts: [attemptRecord(held, attempt, null)],
  };
  await engine.meters.end(end);
  engine.onSpent?.(held.draft.policy);
}

function attemptRecord({ draft, fitted }: Held, attempt: Attempt, ending: BookedEnding | null): AttemptRecord {
  return {
    actor: draft.ask.caller.actor,
    end_user: draft.user,
    operation: draft.operation.name,
    kind: draft.ask.task.name,
    provider: fitted.model.provider,
    model: fitted.model.name,
    model_version: attempt.model_version ?? fitted.model.version,
    started_at: attempt.started_at,
    duration_ms: Math.round(attempt.duration_ms),
    outcome: attempt.outcome,
    usage: ending && { ...ending.usage, ...(ending.kind === 'bounded' ? boundOf(ending) : {}) },
    cost: ending && { amount: ending.cost.nanos, unit: ending.cost.currency },
    request_id: attempt.request_id,
  };
}

/** What the books keep beside a usage that is a bound: what of it is sure, and which price was missing. */
function boundOf({ sure, unpriced }: Extract<Ending, { kind: 'bounded' }>): object {
  return { estimated: true, ...(sure === null ? {} : { at_least: sure }), ...(unpriced === undefined ? {} : { unpriced }) };
}
