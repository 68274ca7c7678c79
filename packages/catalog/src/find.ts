import type { Catalog, Operation, Pack, Plan } from './catalog.ts';

export function findPlan(catalog: Catalog, code: string): Plan | undefined {
  return catalog.plans.find((plan) => plan.code === code);
}

export function findPack(catalog: Catalog, code: string): Pack | undefined {
  return catalog.packs.find((pack) => pack.code === code);
}

export function findOperation(catalog: Catalog, name: string): Operation | undefined {
  return catalog.operations.find((operation) => operation.name === name);
}
