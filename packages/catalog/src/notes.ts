import { add, compare, convertCost, formatAmount, formatMoney, isUnpriced, type Money } from '@purser/money';

import type { Catalog, Plan } from './catalog.ts';
import { dearestCall } from './exposure.ts';
import type { Proof } from './prove-plans.ts';
import { reachable } from './reachable.ts';

/** After so many days without a look at the exchange rates, they may have moved by more than any buffer. */
const RATES_DAYS_MAX = 92;
const DAY_MS = 86_400_000;
/** A character is at most four bytes, and a token at least one. */
const TOKENS_PER_CHARACTER_MAX = 4;

/** What the proof takes for granted, and what of it the engine sees to. */
export const ASSUMPTIONS: readonly string[] = [
  'No provider bills a call for more than its model can read and write (context_tokens, output_tokens_max), nor for anything that was not requested (sound, searches). Up to that the engine covers it: running calls and what is spent stay within the ceiling, and the first call that costs more than its hold closes its model before the next one.',
  'Exchange rates move against you by no more than fx.buffer.',
  'Tax is no more than tax_max, and the payment service keeps no more than payment_fees, of the amount with tax.',
  'Calls that a provider aborted and may still bill are counted separately, up to its unresolved_hour_max per hour.',
];

/** What holds and is still worth knowing before selling: old rates, what nobody pays for, what calls under way may come to. */
export function notesOf(catalog: Catalog, proofs: readonly Proof[], at: Temporal.Instant): string[] {
  return [
    ...rates(catalog, at),
    ...catalog.plans.flatMap((plan) => [
      ...unpaid(catalog, plan, proofs),
      ...tried(catalog, plan),
      ...underWay(catalog, plan, proofs, at),
    ]),
  ];
}

function rates({ fx }: Catalog, at: Temporal.Instant): string[] {
  const days = Math.floor((at.epochMilliseconds - fx.as_of.epochMilliseconds) / DAY_MS);
  const as_of = fx.as_of.toString().slice(0, 10);
  if (fx.rates.size === 0 || days <= RATES_DAYS_MAX) return [];
  return [`fx.as_of is ${as_of}, ${days} days ago: look up the exchange rates and update fx.as_of`];
}

/** What a plan without a price may cost: of each workspace, and of all of them together. */
function unpaid({ globalBudget }: Catalog, { code, price }: Plan, proofs: readonly Proof[]): string[] {
  const proof = proofOf(proofs, code);
  if (price.nanos > 0n || proof === undefined) return [];
  const each = add(proof.worst_case, proof.reserve);
  if (each.nanos === 0n) return [];
  return [`${code} is free: each workspace may cost ${formatMoney(each)} a billing period, ${together(globalBudget)}`];
}

/** What a trial may cost, for which nobody pays. */
function tried({ globalBudget }: Catalog, { code, trial }: Plan): string[] {
  if (trial === undefined || trial.ceiling.nanos === 0n) return [];
  return [`A trial of ${code} is free: each workspace may cost ${formatMoney(trial.ceiling)} once, ${together(globalBudget)}`];
}

function together(budget: Catalog['globalBudget']): string {
  if (budget === undefined) return 'all of them together without a limit, as there is no global_budget';
  return `all of them together ${formatMoney(budget.amount)} a calendar month${budget.covers === 'all' ? ', which paid plans use up too' : ''}`;
}

/** How many calls to its dearest model the plan can have under way at once, when nothing is spent and at the end. */
function underWay(catalog: Catalog, plan: Plan, proofs: readonly Proof[], at: Temporal.Instant): string[] {
  const proof = proofOf(proofs, plan.code);
  if (proof === undefined || !proof.holds || proof.worst_case.nanos === 0n) return [];
  const dearest = dearestOf(catalog, plan, at);
  if (dearest === undefined || dearest.cost.nanos === 0n) return [];
  const { currency } = plan.price;
  const whole = add(proof.worst_case, proof.reserve);
  const [first, last] = [whole.nanos / dearest.cost.nanos, plan.overrun_reserve.nanos / dearest.cost.nanos];
  if (last >= BigInt(plan.concurrency)) return [];
  const at_first =
    first < BigInt(plan.concurrency) ? `${first} of its ${plan.concurrency} calls` : `all its ${plan.concurrency} calls`;
  const what = `${plan.code}: a call to ${dearest.model} may come to ${formatAmount(dearest.cost)} ${currency}`;
  if (first === 0n) return [`${what}, more than the ceiling: it is never admitted`];
  return [
    `${what}; ${at_first} at once can go there while nothing is spent, ${last} when only the reserve is left. Cheaper models take less`,
  ];
}

/** The most that one call of the plan can be billed, whatever limit it was sent. */
function dearestOf(
  catalog: Catalog,
  plan: Plan,
  at: Temporal.Instant,
): { readonly model: string; readonly cost: Money } | undefined {
  let most: { readonly model: string; readonly cost: Money } | undefined;
  for (const { model, price } of reachable(catalog, plan, 'text', at)) {
    const input_tokens = Math.min(model.context_tokens, plan.request.input_chars_max * TOKENS_PER_CHARACTER_MAX);
    const dearest = dearestCall(model, price, input_tokens);
    if (dearest === undefined || isUnpriced(dearest)) continue;
    const cost = convertCost(dearest, plan.price.currency, catalog.fx);
    if (!most || compare(cost, most.cost) > 0) most = { model: model.id, cost };
  }
  return most;
}

function proofOf(proofs: readonly Proof[], code: string): Proof | undefined {
  return proofs.find((proof) => proof.kind === 'plan' && proof.code === code);
}
