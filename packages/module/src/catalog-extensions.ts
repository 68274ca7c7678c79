import type { CatalogExtensions } from '@purser/catalog';

import type { Module } from './module.ts';

/** What modules add to what a catalog may say. */
export function catalogExtensions(modules: readonly Module[]): CatalogExtensions {
  return { quotas: modules.flatMap(({ quotas = [] }) => quotas), tasks: modules.flatMap(({ tasks = [] }) => tasks) };
}
