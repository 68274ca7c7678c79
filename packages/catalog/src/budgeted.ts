import type { Catalog, Plan } from './catalog.ts';

/**
 * Whether the global budget bounds what a plan's work costs. Work that is paid for has a ceiling of its own, out of what was paid, and is
 * neither refused nor served less well because of what others cost, unless the catalog says that the budget covers all.
 */
export function isBudgeted({ globalBudget }: Pick<Catalog, 'globalBudget'>, { price }: Pick<Plan, 'price'>): boolean {
  return globalBudget !== undefined && (globalBudget.covers === 'all' || price.nanos === 0n);
}
