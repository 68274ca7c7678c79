import { type Catalog, type ModelEntry, type QuotaDefinition, TASKS } from '@purser/catalog';
import type { Policy } from '@purser/policy';

/** Who runs what the host does by itself. */
export const OWN = 'own';
const VERSION = '1.0.0';
/** The task under which the host's own work of a kind is held: it counts on the same quotas as that kind. */
export function ownTask(kind: string): string {
  return `${OWN}:${kind}`;
}

/** The operation under which the host's own work of an operation is booked. */
export function ownOperation(name: string): string {
  return `${OWN}:${name}`;
}

const MODELS: readonly ModelEntry[] = TASKS.map((kind) => ({
  id: `${OWN}/${kind}`,
  provider: OWN,
  name: kind,
  family: kind,
  version: VERSION,
  task: ownTask(kind),
  class: 'small',
  priceKey: `${OWN}/${kind}`,
  context_tokens: 1,
  output_tokens_max: 0,
  free: false,
  local: false,
  beta: false,
  verified: true,
  aliases: [],
}));
const PROVIDERS = Object.fromEntries(TASKS.map((kind) => [ownTask(kind), [OWN]]));
const PINNED = Object.fromEntries(TASKS.map((kind) => [ownTask(kind), { model: `${OWN}/${kind}`, version: VERSION }]));
const CLASSES = { simple: ['small'], medium: ['small'], complex: ['small'] } as const;

const catalogs = new WeakMap<Catalog, Catalog>();
const policies = new WeakMap<Policy, Policy>();
const originals = new WeakMap<Policy, Policy>();

/** The policy with the host's own work among what may be asked for: the plan's features, limits and money are what they were. */
export function withOwnWork(policy: Policy): Policy {
  const known = policies.get(policy);
  if (known !== undefined) return known;
  const { operations } = policy.plan;
  const own: Policy = Object.freeze({
    ...policy,
    catalog: catalogWithOwnWork(policy.catalog),
    plan:
      operations === undefined ? policy.plan : { ...policy.plan, operations: [...operations, ...operations.map(ownOperation)] },
    providers: { ...policy.providers, ...PROVIDERS },
    pinned: { ...policy.pinned, ...PINNED },
  });
  policies.set(policy, own);
  originals.set(own, policy);
  return own;
}

/** The policy as the server's parts know it. */
export function withoutOwnWork(policy: Policy): Policy {
  return originals.get(policy) ?? policy;
}

function catalogWithOwnWork(catalog: Catalog): Catalog {
  const known = catalogs.get(catalog);
  if (known !== undefined) return known;
  const operations = catalog.operations.map((operation) => ({
    ...operation,
    name: ownOperation(operation.name),
    task: ownTask(operation.task),
    classes: CLASSES,
  }));
  const counting = ({ counts, ...quota }: QuotaDefinition): QuotaDefinition => ({
    ...quota,
    counts: [...counts, ...counts.map(ownTask)],
  });
  const own: Catalog = {
    ...catalog,
    operations: [...catalog.operations, ...operations],
    models: [...catalog.models, ...MODELS],
    quotas: catalog.quotas.map(counting),
  };
  catalogs.set(catalog, own);
  return own;
}
