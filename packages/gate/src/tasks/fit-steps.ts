import { type Refusal, refuse } from '@purser/core';
import type { ModelEntry } from '@purser/catalog';
import { compare, convertCost, formatMoney, isUnpriced, type ModelPrice, type Usage, worstCaseCost } from '@purser/money';

import type { Fitted, Fitting, Size, Task } from './task.ts';

/** A request as it may be sent: the most it can use, and what that means to its task. */
export interface Step<Shape> {
  readonly shape: Shape;
  readonly most: Usage;
  /** What of that the price is for, where quotas count more than is billed; absent: all of it. */
  readonly billed?: Usage;
  /** The most that its provider can bill, where no limit that is sent bounds that; absent: no more than `billed`. */
  readonly dearest?: Usage;
  /** Said to the caller where it is not what was asked: `3 pages instead of 5`. */
  readonly smaller?: string;
}

export interface FittedStep<Shape> extends Fitted, Pick<Step<Shape>, 'shape' | 'most'> {}

type Asked = Fitting<unknown, Size>;

/**
 * Fits a request that is made smaller in steps: of each candidate in turn the first step that fits everything that is left, largest first.
 * Refuses with the code of what was too small, or `price_unknown`.
 */
export function fitSteps<Shape>(
  question: Asked,
  counted: Task['counted'],
  stepsOf: (model: ModelEntry, price: ModelPrice) => readonly Step<Shape>[],
): FittedStep<Shape> | Refusal {
  let unpriced: Refusal | undefined;
  let tooDear: Refusal | undefined;
  for (const model of question.candidates) {
    const price = question.priceOf(model);
    if (price === undefined) {
      unpriced ??= refuse('price_unknown', `no price is known for ${model.id}`);
      continue;
    }
    for (const step of stepsOf(model, price)) {
      const costs = fits(question, model, price, step, counted);
      if (!('refused' in costs)) return fittedOf(question, model, price, step, costs);
      if (costs.code === 'price_unknown') unpriced ??= costs;
      else tooDear = costs;
    }
  }
  return tooDear ?? unpriced ?? refuse('request_too_large', 'no model serves a request of that size');
}

type Costs = Pick<Fitted, 'worst_cost' | 'dearest_cost'>;

/** What it may cost when that fits everywhere, else the refusal of the first that it does not fit. */
function fits(
  { headrooms, dearest_headroom, units_left, policy }: Asked,
  model: ModelEntry,
  price: ModelPrice,
  { most, billed = most, dearest = billed }: Step<unknown>,
  counted: Task['counted'],
): Costs | Refusal {
  const worst = worstCaseCost(price, billed);
  if (isUnpriced(worst)) return refuse('price_unknown', `no price of ${worst.unpriced} is known for ${model.id}`);
  const beyond = dearest === billed ? worst : worstCaseCost(price, dearest);
  if (isUnpriced(beyond)) return refuse('price_unknown', `no price of ${beyond.unpriced} is known for ${model.id}`);
  const asked = headrooms.map((headroom) => [headroom, worst] as const);
  for (const [{ remaining, code, name }, most_cost] of dearest_headroom
    ? [...asked, [dearest_headroom, beyond] as const]
    : asked) {
    const cost = convertCost(most_cost, remaining.currency, policy.catalog.fx);
    if (compare(cost, remaining) <= 0) continue;
    const may = `it may cost ${formatMoney(cost)}, and ${formatMoney(remaining)} is left`;
    return refuse(code, `${name} does not leave enough for this call on ${model.id}; ${may}`);
  }
  const takes = counted(most);
  for (const [unit, left] of units_left) {
    if (BigInt(takes[unit] ?? 0) <= left) continue;
    return refuse('quota_exceeded', `this call may take ${takes[unit]} ${unit}s, and the quota leaves ${left}`);
  }
  return { worst_cost: worst, dearest_cost: compare(beyond, worst) > 0 ? beyond : worst };
}

function fittedOf<Shape>(
  { candidates }: Asked,
  model: ModelEntry,
  price: ModelPrice,
  { shape, most, smaller }: Step<Shape>,
  costs: Costs,
): FittedStep<Shape> {
  const degraded = [];
  if (model !== candidates[0]) {
    const what = `model ${model.id} instead of ${candidates[0]?.id}`;
    degraded.push({ what, why: 'the preferred model costs more than is left' });
  }
  if (smaller !== undefined) degraded.push({ what: smaller, why: 'the budget left pays for no more' });
  return { model, price, shape, most, ...costs, degraded };
}
