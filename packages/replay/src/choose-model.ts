import { type Catalog, MODEL_CLASSES, type ModelEntry, type Operation } from '@purser/catalog';
import type { Policy } from '@purser/policy';
import { allowedModels } from '@purser/catalog';
import { OFFLINE } from '@purser/routing';

import type { RecordedCall } from './recorded.ts';

type Served = Pick<RecordedCall, 'provider' | 'model'>;

/**
 * The model a recorded call would have run on: the one it ran on wherever plan and levels still allow it, else the best of those they do,
 * of its own class or the next cheaper one. Undefined: the plan allows none. A model the catalog no longer lists was allowed then.
 */
export function chooseModel(
  { models }: Pick<Catalog, 'models'>,
  policy: Policy,
  { task }: Pick<Operation, 'task'>,
  { provider, model: name }: Served,
  configured: ReadonlySet<string>,
): { readonly model: Served; readonly another: boolean } | undefined {
  const recorded = { model: { provider, model: name }, another: false };
  const ran = models.find((model) => model.provider === provider && model.name === name);
  if (provider === OFFLINE || ran === undefined) return recorded;
  const allowed = allowedModels(models, policy, task);
  const pinned = policy.pinned[task] !== undefined;
  const within = pinned ? allowed : allowed.filter(({ class: of }) => rank(of) <= rank(policy.model_class_max ?? 'large'));
  if (within.includes(ran)) return recorded;
  const instead = best(
    within.filter((model) => configured.has(model.provider)),
    ran,
  );
  if (instead) return { model: { provider: instead.provider, model: instead.name }, another: true };
  // A level only ever makes a call cheaper: where nothing cheaper is to be had, it leaves the choice as it was.
  return allowed.includes(ran) ? recorded : undefined;
}

function best(models: readonly ModelEntry[], ran: ModelEntry): ModelEntry | undefined {
  const most = rank(ran.class);
  const far = ({ class: of }: ModelEntry): number => (rank(of) <= most ? most - rank(of) : MODEL_CLASSES.length + rank(of));
  return models.toSorted((a, b) => far(a) - far(b))[0];
}

function rank(of: ModelEntry['class']): number {
  return MODEL_CLASSES.indexOf(of);
}
