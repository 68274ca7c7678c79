import type { Catalogue, Operation, Pack, Plan } from './catalogue.ts';

export function findPlan(catalogue: Catalogue, code: string): Plan | undefined {
  return catalogue.plans.find((plan) => plan.code === code);
}

export function findPack(catalogue: Catalogue, code: string): Pack | undefined {
  return catalogue.packs.find((pack) => pack.code === code);
}

export function findOperation(catalogue: Catalogue, name: string): Operation | undefined {
  return catalogue.operations.find((operation) => operation.name === name);
}
