import { type Refusal, refuse } from '@purser/core';
import type { Catalog, ModelEntry } from '@purser/catalog';
import type { Overrides } from '@purser/identity';

type KnownNames = Pick<Catalog, 'models' | 'operations' | 'plans' | 'quotas' | 'tasks'>;

/** Refuses overrides that name what the catalog does not have: they would hold for nothing, and nobody would know why. */
export function refuseUnknown(overrides: Overrides, known: KnownNames): Refusal | undefined {
  return (
    refuseFeatures(overrides, known) ??
    refuseQuotas(overrides, known) ??
    refuseProviders(overrides, known) ??
    refusePins(overrides, known)
  );
}

function refuseFeatures({ features = [] }: Overrides, { plans, operations }: KnownNames): Refusal | undefined {
  const exist = new Set([...plans.flatMap((plan) => plan.features), ...operations.map(({ feature }) => feature)]);
  for (const feature of features) if (!exist.has(feature)) return unknown('features', feature, exist);
  return undefined;
}

function refuseQuotas({ quotas = {} }: Overrides, known: KnownNames): Refusal | undefined {
  const exist = known.quotas.map(({ key }) => key);
  const missing = Object.keys(quotas).find((key) => !exist.includes(key));
  return missing === undefined ? undefined : unknown('quotas', missing, exist);
}

function refuseProviders({ providers = {} }: Overrides, { models, tasks }: KnownNames): Refusal | undefined {
  for (const [task, named = []] of Object.entries(providers)) {
    if (!hasTask(tasks, task))
      return unknown(
        'providers',
        task,
        tasks.map(({ name }) => name),
      );
    const exist = new Set(modelsFor(models, task).map(({ provider }) => provider));
    for (const provider of named) if (!exist.has(provider)) return unknown(`providers.${task}`, provider, exist);
  }
  return undefined;
}

function refusePins({ pinned = {} }: Overrides, { models, tasks }: KnownNames): Refusal | undefined {
  for (const [task, pin] of Object.entries(pinned)) {
    if (pin === undefined) continue;
    const { model, version } = pin;
    if (!hasTask(tasks, task))
      return unknown(
        'pinned',
        task,
        tasks.map(({ name }) => name),
      );
    const exist = modelsFor(models, task);
    const found = exist.find(({ id }) => id === model);
    if (!found)
      return unknown(
        `pinned.${task}.model`,
        model,
        exist.map(({ id }) => id),
      );
    if (found.version !== version) return unknown(`pinned.${task}.version`, version, [found.version]);
  }
  return undefined;
}

function hasTask(tasks: KnownNames['tasks'], task: string): boolean {
  return tasks.some(({ name }) => name === task);
}

function modelsFor(models: readonly ModelEntry[], task: string): readonly ModelEntry[] {
  return models.filter((model) => model.task === task);
}

function unknown(member: string, given: string, exist: Iterable<string>): Refusal {
  const there = [...exist].join(', ') || 'none';
  return refuse('invalid_request', `overrides.${member}: the catalog has no '${given}'; there is ${there}`);
}
