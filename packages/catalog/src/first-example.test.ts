import { expect, test } from 'vitest';

import { demoPlan, firstExample, loadCatalogue, plainOperation } from './index.ts';

const load = (name: string) => loadCatalogue(new URL(`../../../catalogs/${name}.yaml`, import.meta.url).pathname);

test.each([
  ['default', 'PRO', 'chat', 'chat', 'credits'],
  ['financial-distribution', 'PAID', 'generate', 'generate', 'credits'],
  ['tiers-routing', 'PRO', 'chat', 'chat', 'credits'],
  ['saas-credits', 'PRO', 'generate_goal', 'chat', 'credits'],
  ['social-studio', 'STUDIO', 'extract', 'extract', 'credits'],
  ['business-suite', 'TEAM', 'plan', 'plan', 'cost'],
])('%s is tried on %s by %s, speaks OpenAI’s format as %s, and shows people %s', async (name, plan, tried, plain, view) => {
  const catalogue = await load(name);
  const chosen = demoPlan(catalogue);
  expect([chosen.code, firstExample(catalogue, chosen)?.operation]).toEqual([plan, tried]);
  expect(plainOperation(catalogue, chosen)?.name).toBe(plain);
  expect([catalogue.customer_view, catalogue.keys_view]).toEqual([view, 'cost']);
  expect(catalogue.operations.filter(({ description }) => description === undefined)).toEqual([]);
});

test('a plan whose features no text operation needs has nothing to try, and is chosen only where all are like that', async () => {
  const catalogue = await load('default');
  const without = catalogue.plans.filter(({ code }) => code === 'STARTER');
  expect(without.map((plan) => firstExample(catalogue, plan))).toEqual([undefined]);
  expect(demoPlan({ ...catalogue, plans: without }).code).toBe('STARTER');
  const free = catalogue.plans.filter(({ code }) => code === 'STARTER' || code === 'FREE');
  expect(demoPlan({ ...catalogue, plans: free }).code).toBe('FREE');
});
