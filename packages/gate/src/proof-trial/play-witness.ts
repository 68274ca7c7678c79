import { isRefusal, unreachable } from '@purser/core';
import { type Catalog, costOfCredits, findPack, findPlan, type Loss, orderOf } from '@purser/catalog';
import { compare, convertAllowance, currency, money, type Money } from '@purser/money';

import type { TrialWorld } from './trial-world.ts';
import { reachesCost } from './try-catalog.ts';
import { Account } from './worst-provider.ts';

/** Does what a refusal says can be done, on the engine, and finds the loss that it names. What is wrong with the refusal, in words. */
export async function playWitness(world: TrialWorld, catalog: Catalog, loss: Loss): Promise<string[]> {
  const { witness } = loss;
  switch (witness.kind) {
    case 'spend':
      if (!reachesCost(catalog, findPlan(catalog, witness.plan))) return [`${loss.code}: nothing that it reaches costs anything`];
      return compare(await spendAll(world, catalog, witness.plan), loss.allowed) > 0 ? [] : [`${loss.code}: nothing was lost`];
    case 'unpaid': {
      const workspace = world.workspace(catalog, witness.plan, { license: 'grace' });
      const operation = catalog.operations.find(({ name }) => name === witness.operation);
      const served = world.policyOf(workspace, catalog).features.has(operation?.feature ?? '');
      const spent = await spendAll(world, catalog, witness.plan, 'grace');
      return served && spent.nanos > 0n ? [] : [`${loss.code}: a customer that does not pay is not served ${witness.operation}`];
    }
    case 'unusable':
      return (await isServed(world, catalog, witness.plan)) ? [`${loss.code}: a call was served`] : [];
    case 'order': {
      const pack = findPack(catalog, witness.pack);
      if (!pack) return [`there is no pack ${witness.pack}`];
      const order = orderOf(pack, witness.quantity);
      const to = currency(witness.currency);
      const stands_for = costOfCredits(catalog, order.credits, to);
      const raise = convertAllowance(order.ceiling_raise, to, catalog.fx);
      if (order.allowance.nanos < 0n || compare(stands_for, raise) > 0) return [];
      return [`${loss.code}: all of its credits fit`];
    }
    default:
      return unreachable(witness);
  }
}

/** All that the meters of a plan admit of a billing period, and all that calls under way may come to: in each calendar month it meets. */
async function spendAll(
  world: TrialWorld,
  catalog: Catalog,
  code: string,
  license: 'active' | 'grace' = 'active',
): Promise<Money> {
  const workspace = world.workspace(catalog, code, { license });
  const policy = world.policyOf(workspace, catalog);
  const most = policy.exposure_meter.cap ?? 0n;
  const held = await world.spend(policy, policy.cost_cap.nanos, most);
  return money(held ? most : 0n, policy.cost_cap.currency);
}

/** Whether any call to any model gets through while nothing is spent. */
async function isServed(world: TrialWorld, catalog: Catalog, code: string): Promise<boolean> {
  const workspace = world.workspace(catalog, code);
  const gate = world.gate(
    catalog,
    new Account(
      () => Promise.resolve(),
      () => 'kept',
    ),
  );
  const caller = { kind: 'workspace_key' as const, workspace, actor: 'key:trial', roles: ['member' as const] };
  for (const model of catalog.models.filter(({ task }) => task === 'text')) {
    const answer = await gate.generate(
      caller,
      {
        operation: 'ask',
        complexity: 'simple',
        messages: [{ role: 'user', content: 'x' }],
        output_tokens_max: 1,
        model: model.id,
      },
      new AbortController().signal,
    );
    if (!isRefusal(answer)) return true;
  }
  return false;
}
