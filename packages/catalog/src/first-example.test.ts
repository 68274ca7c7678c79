import { expect, test } from 'vitest';

import { demoPlan, firstExample, loadCatalog, plainOperation } from './index.ts';

const load = (name: string) => loadCatalog(new URL(`../../../catalogs/${name}.yaml`, import.meta.url).pathname);

test.each([
  ['default', 'PRO', 'chat', 'chat', 'credits'],
  ['financial-distribution', 'PAID', 'generate', 'generate', 'credits'],
  ['tiers-routing', 'PRO', 'chat', 'chat', 'credits'],
  ['saas-credits', 'PRO', 'generate_goal', 'chat', 'credits'],
  ['social-studio', 'STUDIO', 'extract', 'extract', 'credits'],
  ['business-suite', 'TEAM', 'plan', 'plan', 'cost'],
])('%s is tried on %s by %s, speaks OpenAI’s format as %s, and shows people %s', async (name, plan, tried, plain, view) => {
  const catalog = await load(name);
  const chosen = demoPlan(catalog);
  expect([chosen.code, firstExample(catalog, chosen)?.operation]).toEqual([plan, tried]);
  expect(plainOperation(catalog, chosen)?.name).toBe(plain);
  expect([catalog.customer_view, catalog.keys_view]).toEqual([view, 'cost']);
  expect(catalog.operations.filter(({ description }) => description === undefined)).toEqual([]);
});

test('a plan whose features no text operation needs has nothing to try, and is chosen only where all are like that', async () => {
  const catalog = await load('default');
  const without = catalog.plans.filter(({ code }) => code === 'STARTER');
  expect(without.map((plan) => firstExample(catalog, plan))).toEqual([undefined]);
  expect(demoPlan({ ...catalog, plans: without }).code).toBe('STARTER');
  const free = catalog.plans.filter(({ code }) => code === 'STARTER' || code === 'FREE');
  expect(demoPlan({ ...catalog, plans: free }).code).toBe('FREE');
});
