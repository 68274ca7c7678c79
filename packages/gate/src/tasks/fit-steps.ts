import { type Refusal, refuse } from '@purser/core';
import type { ModelEntry } from '@purser/catalog';
import {
  compare,
  convertCost,
  formatMoney,
  isUnpriced,
  type ModelPrice,
  type Money,
  type Usage,
  worstCaseCost,
} from '@purser/money';

import type { Fitted, Fitting, Size, Task } from './task.ts';

/** A request as it may be sent: the most it can use, and what that means to its task. */
export interface Step<Shape> {
  readonly shape: Shape;
  readonly most: Usage;
  /** Said to the caller where it is not what was asked: `3 pages instead of 5`. */
  readonly smaller?: string;
}

export interface FittedStep<Shape> extends Fitted, Pick<Step<Shape>, 'shape' | 'most'> {}

type Asked = Fitting<unknown, Size>;

/**
 * Fits a request that is made smaller in steps: of each candidate in turn the first step that fits everything that is left, largest first.
 * Refuses with the code of what was too small, or `price_unknown`. For tasks whose providers bill no more than the bound that is sent.
 */
export function fitSteps<Shape>(
  question: Asked,
  counted: Task['counted'],
  stepsOf: (model: ModelEntry) => readonly Step<Shape>[],
): FittedStep<Shape> | Refusal {
  let unpriced: Refusal | undefined;
  let tooDear: Refusal | undefined;
  for (const model of question.candidates) {
    const price = question.priceOf(model);
    if (price === undefined) {
      unpriced ??= refuse('price_unknown', `no price is known for ${model.id}`);
      continue;
    }
    for (const step of stepsOf(model)) {
      const worst_cost = fits(question, model, price, step.most, counted);
      if (!('refused' in worst_cost)) return fittedOf(question, model, price, step, worst_cost);
      if (worst_cost.code === 'price_unknown') unpriced ??= worst_cost;
      else tooDear = worst_cost;
    }
  }
  return tooDear ?? unpriced ?? refuse('request_too_large', 'no model serves a request of that size');
}

/** The worst cost when it fits everywhere, else the refusal of the first that it does not fit. */
function fits(
  { rooms, dearest_room, units_left, policy }: Asked,
  model: ModelEntry,
  price: ModelPrice,
  most: Usage,
  counted: Task['counted'],
): Money | Refusal {
  const worst = worstCaseCost(price, most);
  if (isUnpriced(worst)) return refuse('price_unknown', `no price of ${worst.unpriced} is known for ${model.id}`);
  for (const { left, code, name } of dearest_room ? [...rooms, dearest_room] : rooms) {
    const cost = convertCost(worst, left.currency, policy.catalog.fx);
    if (compare(cost, left) <= 0) continue;
    const may = `it may cost ${formatMoney(cost)}, and ${formatMoney(left)} is left`;
    return refuse(code, `${name} does not leave enough for this call on ${model.id}; ${may}`);
  }
  const takes = counted(most);
  for (const [unit, left] of units_left) {
    if (BigInt(takes[unit] ?? 0) <= left) continue;
    return refuse('quota_exceeded', `this call may take ${takes[unit]} ${unit}s, and the quota leaves ${left}`);
  }
  return worst;
}

function fittedOf<Shape>(
  { candidates }: Asked,
  model: ModelEntry,
  price: ModelPrice,
  { shape, most, smaller }: Step<Shape>,
  worst_cost: Money,
): FittedStep<Shape> {
  const degraded = [];
  if (model !== candidates[0]) {
    const what = `model ${model.id} instead of ${candidates[0]?.id}`;
    degraded.push({ what, why: 'the preferred model costs more than is left' });
  }
  if (smaller !== undefined) degraded.push({ what: smaller, why: 'the budget left pays for no more' });
  return { model, price, shape, most, worst_cost, dearest_cost: worst_cost, degraded };
}
