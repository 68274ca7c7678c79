import { assert } from '@purser/core';
import { PRICED_UNITS } from '@purser/money';

import { QUOTAS, type QuotaDefinition } from './quotas.ts';

/** The tasks that every catalog knows. */
export const TASKS = ['text', 'embedding', 'image', 'speech', 'transcription', 'moderation', 'video', 'email'] as const;
/** A kind of work: one that every catalog knows, or one that a module brought. */
export type TaskType = (typeof TASKS)[number] | (string & {});

/** A task as the catalog knows it: models serve it, operations ask for it, prices name its units. */
export interface TaskDefinition {
  readonly name: string;
  /** What it is billed by, besides the units that there are for every task. */
  readonly units?: readonly string[];
}

/** What modules add to what a catalog may say. */
export interface CatalogExtensions {
  readonly quotas?: readonly QuotaDefinition[];
  readonly tasks?: readonly TaskDefinition[];
}

/** Everything a catalog may name: what there is for all, and what modules added. */
export interface CatalogTables {
  readonly quotas: readonly QuotaDefinition[];
  readonly tasks: readonly TaskDefinition[];
}

/** The tables with what modules add. A name that is given twice stops the start. */
export function tablesWith({ quotas = [], tasks = [] }: CatalogExtensions = {}): CatalogTables {
  const tables: CatalogTables = {
    quotas: [...QUOTAS, ...quotas],
    tasks: [...TASKS.map((name) => ({ name })), ...tasks],
  };
  assertOnce(
    'quota',
    tables.quotas.map(({ key }) => key),
  );
  assertOnce(
    'counter of a quota',
    tables.quotas.map(({ key, meter }) => meter ?? key),
  );
  assertOnce(
    'task',
    tables.tasks.map(({ name }) => name),
  );
  for (const { key, window, scope, within = [] } of quotas) {
    const counted = window !== 'none';
    assert(
      (scope === 'resource') === (window === 'resource'),
      `the quota ${key}: a window of a resource has that scope, and no other`,
    );
    assert(counted || scope === 'workspace', `the quota ${key} is no counter, so it counts by nothing`);
    for (const wider of within)
      assert(
        tables.quotas.some((quota) => quota.key === wider),
        `the quota ${key}: there is no ${wider}`,
      );
  }
  return tables;
}

/** Every unit that a price may name. */
export function unitsOf({ tasks }: Pick<CatalogTables, 'tasks'>): readonly string[] {
  return [...new Set([...PRICED_UNITS, ...tasks.flatMap(({ units = [] }) => units)])];
}

function assertOnce(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  assert(twice === undefined, `the ${what} ${twice} is defined twice`);
}
