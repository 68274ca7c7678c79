import { BrokenInvariant, refuse, type Refusal, unreachable } from '@purser/core';
import { newId } from '@purser/database';
import { creditsFor, type ModelEntry } from '@purser/catalog';
import type { HoldOutcome, HoldRequest, Leg, Meters, MeterSpec } from '@purser/meters';
import { compare, type Currency, convertCost, type ExchangeRates, type Money, money, multiply } from '@purser/money';
import { type FittedRequest, type Room } from '@purser/routing';
import { PAY_AS_YOU_GO } from '@purser/policy';
import { allocationOf } from '@purser/wallet';

import type { Draft } from '../draft.ts';
import { buyOffers, upgradeOffers } from '../offers.ts';
import type { Left } from './route.ts';

/** A call that has its worst case reserved: from here on it may reach a provider. */
export interface Held {
  readonly draft: Draft;
  readonly fitted: FittedRequest;
  readonly hold: HoldRequest;
}

/** The keys of the meters a text call can touch; the policy says which of them there are. */
type TextMeter = 'credits' | typeof PAY_AS_YOU_GO | 'cost' | 'exposure' | 'budget' | 'tokens' | 'jobs' | 'concurrency';

/** What a call takes of each meter: its worst case before, its real amounts after. */
export interface Amounts {
  readonly cost: Money;
  /** The most its provider may bill, whatever limit it was sent; once that is known, the cost. */
  readonly dearest_cost: Money;
  readonly tokens: number;
  /** Calls in flight: one while held, none when settled. */
  readonly in_flight: bigint;
  readonly credits: Charge;
}

/** Credits by where they come from. */
export interface Charge {
  readonly granted: bigint;
  /** Sold one by one, when the granted ones are exhausted. */
  readonly sold: bigint;
}

export function amountFor(meter: MeterSpec, amounts: Amounts, fx: ExchangeRates): bigint {
  const key = meter.key as TextMeter;
  switch (key) {
    case 'credits':
      return amounts.credits.granted;
    case PAY_AS_YOU_GO:
      return amounts.credits.sold;
    case 'cost':
    case 'budget':
      return convertCost(amounts.cost, meter.unit as Currency, fx).nanos;
    case 'exposure': {
      const of = meter.unit as Currency;
      return convertCost(amounts.dearest_cost, of, fx).nanos - convertCost(amounts.cost, of, fx).nanos;
    }
    case 'tokens':
      return BigInt(amounts.tokens);
    case 'jobs':
      return 1n;
    case 'concurrency':
      return amounts.in_flight;
    default:
      if (meter.unit === 'token') return BigInt(amounts.tokens);
      if (meter.unit === 'job') return 1n;
      if (allocationOf(meter)) return amounts.credits.granted + amounts.credits.sold;
      return unreachable(key);
  }
}

/** What was held of each kind of credits. */
export function creditsHeld({ legs }: HoldRequest): Charge {
  let granted = 0n;
  let sold = 0n;
  for (const { meter, amount } of legs) {
    if (meter.class === 'credit') granted = amount;
    else if (meter.key === PAY_AS_YOU_GO) sold = amount;
  }
  return { granted, sold };
}

/** The granted ones go first. */
export function chargeOf(credits: bigint, granted_max: bigint): Charge {
  const granted = credits < granted_max ? credits : granted_max;
  return { granted, sold: credits - granted };
}

/** Of the meters of a call those it takes from: credits sold one by one only when the granted ones are known (`granted`) to be too few. */
function takesFrom({ class: kind, key }: MeterSpec, granted: bigint | undefined): boolean {
  if (key === PAY_AS_YOU_GO) return granted !== undefined;
  // Where nothing is left there is nothing to hold; a meter below nothing, after an expiry, would refuse even that.
  return kind !== 'credit' || granted !== 0n;
}

/** Builds the hold of a fitted draft: one leg for each meter of the policy, all or nothing. */
function holdFor(draft: Draft, fitted: FittedRequest, expires_at: Temporal.Instant, granted?: bigint): Held {
  const { policy, catalog, ask } = draft;
  const credits = creditsFor(catalog, draft.operation, fitted.worst_cost);
  const amounts: Amounts = {
    cost: fitted.worst_cost,
    dearest_cost: fitted.dearest_cost,
    tokens: fitted.input_tokens_max + fitted.output_tokens_max,
    in_flight: 1n,
    credits: chargeOf(credits, granted ?? credits),
  };
  const legs: Leg[] = [];
  const { exposure_meter } = policy;
  for (const meter of draft.meters) {
    if (!takesFrom(meter, granted)) continue;
    legs.push({ meter, amount: amountFor(meter, amounts, catalog.fx) });
    if (meter.class !== 'cost' || meter.unit !== exposure_meter.unit || meter.workspace !== exposure_meter.workspace) continue;
    legs.push({ meter: exposure_meter, amount: amountFor(exposure_meter, amounts, catalog.fx), exposure: true });
  }
  const reported = convertCost(fitted.worst_cost, policy.plan.price.currency, catalog.fx);
  return {
    draft,
    fitted,
    hold: {
      id: newId<'hold'>(),
      workspace: draft.workspace.id,
      expires_at,
      legs,
      plan: policy.plan.code,
      provider: fitted.model.provider,
      cost: { amount: fitted.worst_cost.nanos, unit: fitted.worst_cost.currency },
      reported: { amount: reported.nanos, unit: reported.currency },
      ...(ask.idempotency ? { idempotency: ask.idempotency } : {}),
    },
  };
}

/** How often a request is made smaller because others were faster, before it is refused. */
const ROUNDS_MAX = 4;

export type HoldStep = Held | Refusal | { readonly replay: string };

/**
 * Fits and holds. Nothing is read beforehand: the first hold is tried as if there were room, and a denial says how much is
 * left, so the request can be clamped or sent to a cheaper model and tried again.
 */
export async function takeHold(
  meters: Meters,
  draft: Draft,
  candidates: readonly ModelEntry[],
  expires_at: Temporal.Instant,
  fit: (left: Left) => FittedRequest | Refusal,
): Promise<HoldStep> {
  let left: Left = { rooms: [] };
  for (let round = 0; ; round++) {
    const fitted = fit(left);
    if ('refused' in fitted) return withOffers(draft, withWait(draft, left, await exposedOrSpent(meters, draft, fitted)));
    const held = holdFor(draft, fitted, expires_at, left.granted);
    const outcome = await meters.hold(held.hold);
    switch (outcome.kind) {
      case 'held':
        return held;
      case 'replay':
        return { replay: outcome.hold };
      case 'mismatch':
        return refuse(
          'idempotency_mismatch',
          `the idempotency key was used before with another request; use a new key for a new request`,
        );
      case 'denied': {
        const narrower = round < ROUNDS_MAX ? narrow(draft, left, outcome, held.hold) : undefined;
        if (narrower === undefined) return waitForAll(meters, draft, held.hold, denial(draft, outcome));
        left = narrower;
        break;
      }
      default:
        return unreachable(outcome);
    }
  }
}

type Denied = Extract<HoldOutcome, { kind: 'denied' }>;

/** Adds what a denial said is left; undefined when a smaller request would not help. */
function narrow(
  { catalog, policy }: Draft,
  left: Left,
  { meter, available, leg }: Denied,
  { legs }: HoldRequest,
): Left | undefined {
  const room = (of: Money, code: Room['code'], name: string): Left => ({
    ...left,
    rooms: [...left.rooms, { left: of, code, name }],
  });
  const key = meter.key as TextMeter;
  if (key === 'credits' && policy.pay_as_you_go) return { ...left, granted: available > 0n ? available : 0n };
  if (key === 'exposure') return leastDearest(left, money(available + (legs[leg - 1]?.amount ?? 0n), meter.unit as Currency));
  const spendable = key === PAY_AS_YOU_GO ? available + (left.granted ?? 0n) : available;
  if (spendable <= 0n) return undefined;
  switch (key) {
    case PAY_AS_YOU_GO:
      return room(multiply(catalog.credit.cost, spendable), 'credits_exhausted', `${spendable} credits`);
    case 'credits':
      return room(multiply(catalog.credit.cost, available), 'credits_exhausted', `${available} credits`);
    case 'cost':
      return room(money(available, meter.unit as Currency), 'cost_ceiling_reached', 'the plan’s cost ceiling');
    case 'budget':
      return room(money(available, meter.unit as Currency), 'budget_exhausted', 'the shared budget');
    case 'tokens':
      return fewerTokens(left, meter, available);
    case 'jobs':
    case 'concurrency':
      return undefined;
    default: {
      if (meter.unit === 'token') return fewerTokens(left, meter, available);
      if (meter.unit === 'job') return undefined;
      const whose = allocationOf(meter);
      if (!whose) return unreachable(key);
      return room(multiply(catalog.credit.cost, available), 'quota_exceeded', `what is allocated to ${whose.kind} ${whose.name}`);
    }
  }
}

/** What cost and exposure leave together, for a call's cost and exposure together. */
function leastDearest(left: Left, most: Money): Left | undefined {
  if (most.nanos <= 0n) return undefined;
  const room: Room = { left: most, code: 'concurrency_exceeded', name: 'the plan’s cost ceiling' };
  return left.dearest && compare(left.dearest.left, most) <= 0 ? left : { ...left, dearest: room };
}

/** Calls that are under way end and leave more; where none is, there is no more in this billing period. */
async function exposedOrSpent(meters: Meters, { policy }: Draft, refusal: Refusal): Promise<Refusal> {
  if (refusal.code !== 'concurrency_exceeded') return refusal;
  const [exposure] = await meters.read([policy.exposure_meter]);
  if (exposure && exposure.held > 0n) return { ...refusal, retryAfterSeconds: 1 };
  const { end } = policy.billing_period;
  return refuse('cost_ceiling_reached', refusal.detail + (end === null ? '' : `; it starts anew at ${end.toString()}`));
}

/** Several quotas may leave few: the least counts. */
function fewerTokens(left: Left, meter: MeterSpec, available: bigint): Left {
  if (left.tokens !== undefined && left.tokens <= available) return left;
  return { ...left, tokens: available, tokens_of: meter };
}

function denial(draft: Draft, { meter, available }: Denied): Refusal {
  const key = meter.key as TextMeter;
  const over = meter.window_end === null ? '' : `; it starts anew at ${meter.window_end.toString()}`;
  const wait =
    meter.window_end === null ? {} : { retryAfterSeconds: Math.ceil(draft.now.until(meter.window_end).total('seconds')) };
  switch (key) {
    case 'credits':
      return withOffers(
        draft,
        refuse('credits_exhausted', `${available < 0n ? 0n : available} credits are left, and this call may need more`),
      );
    case PAY_AS_YOU_GO:
      return withOffers(
        draft,
        refuse(
          'credits_exhausted',
          `no credits are left, and ${meter.cap ?? 0n} beyond them are all that a billing period allows${over}`,
        ),
      );
    case 'cost':
      return withOffers(draft, refuse('cost_ceiling_reached', `what the plan pays for is used up in this billing period${over}`));
    case 'exposure':
      return withOffers(draft, refuse('cost_ceiling_reached', `what the plan pays for is used up in this billing period${over}`));
    case 'budget':
      return withOffers(draft, refuse('budget_exhausted', `the budget that all share is used up${over}`));
    case 'tokens':
      return refuse('quota_exceeded', `the plan’s tokens are used up${over}`, wait);
    case 'jobs':
      return refuse('quota_exceeded', `the plan’s requests are used up${over}`, wait);
    case 'concurrency':
      return refuse('concurrency_exceeded', `the plan allows ${meter.cap ?? 0n} calls at once`, { retryAfterSeconds: 1 });
    default: {
      if (meter.unit === 'token' || meter.unit === 'job') {
        const whose = meter.key.includes('_user_') ? 'this user' : 'this workspace';
        const what = meter.unit === 'token' ? 'tokens' : 'requests';
        const span = meter.key.includes('_week') ? 'a week' : 'a day';
        return refuse('quota_exceeded', `${whose} may use ${meter.cap ?? 0n} ${what} ${span}, and they are used up${over}`, wait);
      }
      const whose = allocationOf(meter);
      if (!whose) throw new BrokenInvariant(`a text call has no meter ${meter.key}`);
      const left = available < 0n ? 0n : available;
      return refuse(
        'quota_exceeded',
        `of the ${meter.cap ?? 0n} credits allocated to ${whose.kind} ${whose.name} ${left} are left, and this call may need more${over}`,
        wait,
      );
    }
  }
}

/** Who waits for the quota that was named meets no other one that is used up as well. */
async function waitForAll(meters: Meters, draft: Draft, { legs }: HoldRequest, refusal: Refusal): Promise<Refusal> {
  if (refusal.code !== 'quota_exceeded') return refusal;
  const quotas = legs.filter(({ meter }) => meter.class === 'quota' && meter.window_end !== null);
  if (quotas.length < 2) return refusal;
  const states = await meters.read(quotas.map(({ meter }) => meter));
  let wait = refusal.retryAfterSeconds ?? 0;
  for (const [index, { cap, held, used, unreconciled, overrun, window_end }] of states.entries()) {
    if (cap - held - used - unreconciled - overrun >= (quotas[index]?.amount ?? 0n) || window_end === null) continue;
    wait = Math.max(wait, Math.ceil(draft.now.until(window_end).total('seconds')));
  }
  return { ...refusal, retryAfterSeconds: wait };
}

/** A quota starts anew with its window, an allocation with the billing period. */
function withWait({ policy, now }: Draft, { tokens_of }: Left, refusal: Refusal): Refusal {
  const end = tokens_of?.window_end ?? policy.billing_period.end;
  if (refusal.code !== 'quota_exceeded' || refusal.retryAfterSeconds !== undefined || end === null) return refusal;
  return { ...refusal, retryAfterSeconds: Math.ceil(now.until(end).total('seconds')) };
}

function withOffers(draft: Draft, refusal: Refusal): Refusal {
  if (!['credits_exhausted', 'cost_ceiling_reached', 'budget_exhausted'].includes(refusal.code)) return refusal;
  // Credits bought now could not be spent before the shared budget starts anew, so none are offered.
  const offersOf = refusal.code === 'budget_exhausted' ? upgradeOffers : buyOffers;
  return { ...refusal, offers: offersOf(draft.catalog, draft.policy, draft.operation.feature) };
}
