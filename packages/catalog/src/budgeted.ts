import type { Catalogue, Plan } from './catalogue.ts';

/**
 * Whether the global budget bounds what a plan's work costs. Work that is paid for has a ceiling of its own, out of what was paid, and is
 * neither refused nor served less well because of what others cost, unless the catalogue says that the budget covers all.
 */
export function isBudgeted({ globalBudget }: Pick<Catalogue, 'globalBudget'>, { price }: Pick<Plan, 'price'>): boolean {
  return globalBudget !== undefined && (globalBudget.covers === 'all' || price.nanos === 0n);
}
