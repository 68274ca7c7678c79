import { BrokenInvariant, isRefusal, type Refusal, refuse } from '@purser/core';
import { chargesCredits, type ModelEntry, priceKeyOf } from '@purser/catalog';
import { findRate, type ModelPrice, multiply } from '@purser/money';
import { type Candidates, candidatesFor, type Headroom } from '@purser/routing';

import type { Engine } from '../deps.ts';
import type { Fitted } from '../tasks/task.ts';
import type { Draft, SizedDraft } from './draft.ts';
import type { Remaining } from './remaining.ts';
import { closedRefusal, routeStatusOf } from './route-status.ts';

/** A draft with the models that may serve it, best first, without those whose route is closed. */
export interface Routed {
  readonly draft: SizedDraft;
  readonly candidates: readonly ModelEntry[];
}

export function route(draft: SizedDraft, engine: Pick<Engine, 'routes'>): Routed | Refusal {
  const { ask } = draft;
  const { task } = ask;
  const found = candidatesOf(draft);
  if (isRefusal(found)) return found;
  const models = task.substitutes === false ? found.models.slice(0, 1) : found.models;
  const unfit = task.unfit === undefined ? [] : models.map((model) => task.unfit?.(draft.input, model.provider, model));
  const able = unfit.some((why) => why !== undefined) ? models.filter((_, index) => unfit[index] === undefined) : models;
  if (able.length === 0)
    return refuse(
      'invalid_request',
      `${unfit[0]} (${found.models[0]?.id} does not take it here; leave it out or name another model)`,
    );
  const states = able.map((model) => routeStatusOf(engine, task, model, draft.workspace.id));
  const open = able.filter((_, index) => states[index]?.state !== 'closed');
  const [first] = open;
  if (first !== undefined) {
    const wanted = found.models[0];
    const instead =
      first === wanted
        ? []
        : [
            {
              what: `model ${first.id} instead of ${wanted?.id}`,
              why:
                unfit[0] === undefined
                  ? 'the preferred model is not called at the moment'
                  : `the preferred model cannot do ${unfit[0]}`,
            },
          ];
    const degraded = [...found.degraded, ...instead];
    if (degraded.length === 0) return { draft, candidates: open };
    return { draft: { ...draft, degraded: [...draft.degraded, ...degraded] }, candidates: open };
  }
  const soonest = states.toSorted((a, b) => a.retry_ms - b.retry_ms)[0];
  if (soonest === undefined) throw new BrokenInvariant('routing found no model and did not refuse');
  return closedRefusal(
    able.map((model) => model.id),
    soonest,
  );
}

/** Of the model that is named, then of those that are named to fall back to. One that may not be named is refused, whoever else could serve. */
function candidatesOf({ ask, policy, catalog, operation }: SizedDraft): Candidates | Refusal {
  const question = {
    operation,
    complexity: ask.complexity,
    policy,
    models: catalog.models,
    providersConfigured: ask.task.offeredBy(),
  };
  const first = candidatesFor(ask.model === undefined ? question : { ...question, requestedModel: ask.model });
  if (isRefusal(first) || ask.models.length === 0) return first;
  const models = [...first.models];
  for (const requestedModel of ask.models) {
    const more = candidatesFor({ ...question, requestedModel });
    if (isRefusal(more)) return { ...more, detail: `models: ${more.detail}` };
    models.push(...more.models.filter((model) => !models.includes(model)));
  }
  return { ...first, models };
}

/** Has the task fit the request to what is left: smaller, else by a cheaper model, else refused. */
export function fit(draft: SizedDraft, candidates: readonly ModelEntry[], left: Remaining): Fitted | Refusal {
  const { ask, catalog, policy } = draft;
  if (ask.cost_max) {
    const currency = ask.cost_max.currency;
    const foreign = candidates
      .map((model) => priceOf(draft, model))
      .find((price) => price && !findRate(catalog.fx, price.currency, currency));
    if (foreign)
      return refuse(
        'invalid_request',
        `max_cost: no rate from ${foreign.currency} to ${currency} is known here; want ${foreign.currency}`,
      );
  }
  const credits: Headroom[] = chargesCredits(draft.operation)
    ? [
        {
          remaining: multiply(catalog.credit.cost, policy.request.credits_max),
          code: 'request_too_large',
          name: `the plan’s limit of ${policy.request.credits_max} credits a request`,
        },
      ]
    : [];
  const asked: Headroom[] = ask.cost_max ? [{ remaining: ask.cost_max, code: 'request_too_large', name: 'max_cost' }] : [];
  return ask.task.fit({
    input: draft.input,
    operation: draft.operation,
    policy,
    size: draft.size,
    candidates,
    priceOf: (model) => priceOf(draft, model),
    headrooms: [...credits, ...asked, ...left.headrooms],
    ...(left.dearest && { dearest_headroom: left.dearest }),
    units_left: unitsLeft(left),
  });
}

const NONE: ReadonlyMap<string, bigint> = new Map();

function unitsLeft({ units }: Remaining): ReadonlyMap<string, bigint> {
  return units.size === 0 ? NONE : new Map([...units].map(([unit, { left }]) => [unit, left]));
}

/** The offline provider costs nothing; it is booked under the plan's stand-in price, so that every rule can be seen at work. */
function priceOf({ catalog, policy, now }: Draft, model: ModelEntry): ModelPrice | undefined {
  return catalog.prices.findByKey(priceKeyOf(policy.plan, model), now);
}
