import type { ModelPrice } from '@purser/money';

import type { Catalog, ModelEntry, ModelPolicy, Plan } from './catalog.ts';
import { OWN_PROVIDER } from './exposure.ts';
import type { TaskType } from './tables.ts';

/** What a plan may call for a task, in the order of its providers: visible to it, and nothing but the pinned version where one is pinned. */
export function allowedModels(
  models: readonly ModelEntry[],
  { providers, pinned, visibility }: Pick<ModelPolicy, 'providers' | 'pinned'> & Pick<Plan, 'visibility'>,
  task: TaskType,
): readonly ModelEntry[] {
  const pin = pinned[task];
  const allowed: ModelEntry[] = [];
  for (const provider of providers[task] ?? []) {
    for (const model of models) {
      if (model.provider !== provider || model.task !== task) continue;
      if (model.beta && !visibility.showBetaModels) continue;
      if (!model.verified && !visibility.allowUnverified) continue;
      if (pin && !(model.id === pin.model && model.version === pin.version)) continue;
      allowed.push(model);
    }
  }
  return allowed;
}

/** The key of the price that a plan's call to a model is booked at: our own provider costs nothing, and stands in at the plan's price for it. */
export function priceKeyOf(
  { offline_stand_in, email }: Pick<Plan, 'offline_stand_in' | 'email'>,
  { provider, priceKey, task }: ModelEntry,
): string {
  if (provider === OWN_PROVIDER) return offline_stand_in ?? priceKey;
  return task === 'email' && email?.provider === provider ? email.priceKey : priceKey;
}

/** The models of a task that routing may choose for the plan, our own among them, with each price that holds from `at` on. */
export function reachable(
  catalog: Catalog,
  plan: Plan,
  task: TaskType,
  at: Temporal.Instant,
): { readonly model: ModelEntry; readonly price: ModelPrice }[] {
  const { model_policy, visibility } = plan;
  const own = catalog.models.filter((model) => model.provider === OWN_PROVIDER && model.task === task);
  const models = new Set([...allowedModels(catalog.models, { ...model_policy, visibility }, task), ...own]);
  return [...models].flatMap((model) => pricesFrom(catalog, priceKeyOf(plan, model), at).map((price) => ({ model, price })));
}

/** The prices that a plan's e-mail may be booked at from `at` on: its carrier's, and ours where no carrier is configured. */
export function emailPrices(catalog: Catalog, plan: Plan, at: Temporal.Instant): readonly ModelPrice[] {
  if (!plan.email) return [];
  const own = catalog.models.filter(({ provider, task }) => provider === OWN_PROVIDER && task === 'email');
  const keys = new Set([plan.email.priceKey, ...own.map((model) => priceKeyOf(plan, model))]);
  return [...keys].flatMap((key) => pricesFrom(catalog, key, at)).filter(({ units }) => units.email !== undefined);
}

/** The price in force at `at` and those announced for later. */
function pricesFrom(catalog: Catalog, key: string, at: Temporal.Instant): readonly ModelPrice[] {
  const now = catalog.prices.findByKey(key, at);
  return catalog.prices.history(key).filter((price) => price === now || Temporal.Instant.compare(price.from, at) > 0);
}

/** Whether everything that a price names is given away, in every way it can be processed. */
export function isFree(price: ModelPrice): boolean {
  const amounts: (bigint | undefined)[] = [...Object.values(price.units), ...price.images.map((image) => image.yoctos)];
  for (const tier of price.tiers) amounts.push(...Object.values(tier.prices));
  for (const service of price.service_tiers ?? []) {
    amounts.push(...Object.values(service.units), ...service.tiers.flatMap((tier) => Object.values(tier.prices)));
  }
  return amounts.every((amount) => amount === undefined || amount === 0n);
}
