import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import { suiteClock } from '@purser/core/testing';
import { findOperation, findPlan } from '@purser/catalog';
import { type MarginLine, marginReport, rollUp, verifyPostings } from '@purser/ledger';
import { startStripeStandIn, type StripeObject, type StripeStandIn } from '@purser/marketplace/standins';
import { formatAmount } from '@purser/money';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { brief, FEES, type Figures, HUNDRED, of, sumOf } from './testing/brief-of-100.ts';
import { startTestServer, type TestServer } from './testing/index.ts';

/*
 * The third brief's "monthly financial impact per 100 customers": fifty Pro, fifty Enterprise, twenty packs sold, every credit used at
 * $0.01 of cost. Each customer pays through the webhook, in events that are signed as Stripe signs them, and spends through the real
 * meters of its policy. The figures are read from the books, and stand beside those that are reckoned from the brief's numbers alone.
 */

const SHIPPED = path.join(import.meta.dirname, '..', '..', '..', 'catalogs');
/** As many credits as the plans of that brief let one request spend. */
const CREDITS_A_CALL = 10n;
const CREDIT_NANOS = 10_000_000n;

let folder: string;
let stripe: StripeStandIn;
let server: TestServer;

interface Customer {
  readonly workspace: WorkspaceId;
  readonly key: string;
  readonly plan: string;
  readonly pack: string | undefined;
}

/** The shipped catalog, with what a payment service keeps of a card payment: the brief leaves it out. */
async function withFees(): Promise<string> {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-hundred-'));
  await cp(SHIPPED, folder, { recursive: true });
  const file = path.join(folder, 'saas-credits.yaml');
  const fees = `payment_fees: { percent: ${FEES.percent}, fixed: ${FEES.fixed} USD }`;
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replaceAll(/(price: (?:149|399) USD\n)/g, `$1    ${fees}\n`).replaceAll(/(margin: 0\.70) }/g, `$1, ${fees} }`),
  );
  return file;
}

const tell = async (type: string, object: StripeObject): Promise<void> => {
  const { status, text } = await stripe.deliver(stripe.event(type, object), `${server.url}/api/webhooks/stripe`);
  expect([status, text]).toEqual([200, expect.stringMatching(type.startsWith('customer.') ? /kept|applied/ : /applied/)]);
};
const checkout = async (key: string, wanted: object): Promise<string> => {
  const { status, json } = await server.ask('/api/marketplace/checkout', { key, body: wanted });
  expect(status).toBe(200);
  return json.url.split('/').at(-1) ?? '';
};

/** Pro is bought on the page; Enterprise is negotiated, so its subscription is made at Stripe by hand, and names workspace and plan. */
async function pay({ workspace, key, plan, pack }: Customer): Promise<void> {
  const made = plan === 'PRO' ? stripe.subscribe(await checkout(key, { plan })) : await agreed(workspace, key, plan);
  await tell('customer.subscription.created', made.subscription);
  await tell('invoice.paid', made.invoice.invoice);
  if (pack === undefined) return;
  await tell('checkout.session.completed', stripe.pay(await checkout(key, { pack })));
}

async function agreed(
  workspace: string,
  key: string,
  plan: string,
): Promise<Pick<ReturnType<StripeStandIn['subscribe']>, 'subscription' | 'invoice'>> {
  // Whoever has looked at a page of payment is a customer at Stripe.
  const page = stripe.object(await checkout(key, { pack: HUNDRED.plans[plan]!.pack }));
  const subscription = stripe.make('subscription', 'sub', {
    customer: page['customer'],
    currency: 'usd',
    metadata: { purser_workspace: workspace, purser_plan: plan },
    status: 'active',
    monthly: HUNDRED.plans[plan]!.price_cents,
    items: { object: 'list', data: [{ id: newId<'item'>(), price: { id: newId<'price'>(), lookup_key: null, metadata: {} } }] },
  });
  return { subscription, invoice: stripe.invoice(subscription, { billing_reason: 'subscription_create' }) };
}

/** Spends every credit, call by call, on the meters of the customer's own policy. */
async function spend({ workspace, key, plan }: Customer): Promise<void> {
  const { meters, policies, identity, clock } = server.running.composition.deps;
  const { balance } = (await server.ask('/api/usage', { key })).json.credits;
  identity.forget(workspace);
  const policy = await policies.load((await identity.workspace(workspace))!, clock.now());
  expect(policy.plan.code).toBe(plan);
  const [credit, cost] = ['credit', 'cost'].map((kind) => policy.meters.find((meter) => meter.class === kind)!);
  const amount = CREDITS_A_CALL * CREDIT_NANOS;
  const actuals = [CREDITS_A_CALL, amount];
  const legs = [
    { meter: credit!, amount: CREDITS_A_CALL },
    { meter: cost!, amount },
  ];
  const reported = { amount, unit: 'USD' };
  for (let left = BigInt(balance); left > 0n; left -= CREDITS_A_CALL) {
    const hold = newId<'hold'>();
    const expires_at = clock.now().add({ minutes: 1 });
    const asked = { id: hold, workspace, expires_at, legs, plan, provider: 'openai', cost: reported, reported };
    expect((await meters.hold(asked)).kind).toBe('held');
    await meters.end({ kind: 'settle', hold, workspace, actuals, cost: amount, reported: amount, provider: 'openai' });
  }
}

describe('C8: the third brief’s hundred customers pay by webhook, spend all they have, and the books say what the brief’s numbers come to', () => {
  let customers: Customer[];
  const lines: { [by in 'plan' | 'pack' | 'workspace']?: MarginLine[] } = {};

  beforeAll(async () => {
    const clock = suiteClock();
    stripe = await startStripeStandIn({ now: () => Math.floor(clock.now().epochMilliseconds / 1000) });
    server = await startTestServer({
      PURSER_CATALOG: await withFees(),
      STRIPE_SECRET_KEY: stripe.secret_key,
      STRIPE_WEBHOOK_SECRET: stripe.webhook_secret,
      STRIPE_BASE_URL: stripe.origin,
    });
    const began = clock.now();
    customers = await Promise.all(
      Object.entries(HUNDRED.plans).flatMap(([plan, { customers: count, pack, buyers }]) =>
        Array.from({ length: count }, async (_, index): Promise<Customer> => {
          const { id, key } = await server.workspace('STARTER');
          return { workspace: id as WorkspaceId, key, plan, pack: index < buyers ? pack : undefined };
        }),
      ),
    );
    for (const customer of customers) await pay(customer);
    await Promise.all(customers.map(spend));
    const { pool, meters } = server.running.composition.deps;
    await meters.idle();
    await rollUp(pool);
    const span = { from: began.subtract({ hours: 1 }), to: clock.now().add({ hours: 1 }) };
    for (const by of ['plan', 'pack', 'workspace'] as const) lines[by] = await marginReport(pool, { ...span, by });
  }, 240_000);
  afterAll(async () => {
    await server.close();
    await stripe.close();
    await rm(folder, { recursive: true, force: true });
  });

  const booked = (by: keyof typeof lines, keys: readonly string[]): Figures =>
    sumOf(
      lines[by]!.filter(({ key }) => keys.includes(key)).map(({ revenue, fees, cost }) => ({
        revenue: formatAmount(revenue),
        fees: formatAmount(fees),
        cost: formatAmount(cost),
      })),
    );

  it('the books balance, and all that they call revenue was collected: nobody owes any of it', async () => {
    const { pool } = server.running.composition.deps;
    expect((await verifyPostings(pool)).mismatches).toEqual([]);
    const { rows } = await pool.query<{ debit: string; amount: bigint }>(
      `select debit, sum(amount)::bigint as amount from ledger.posting where credit like 'revenue:%' and unit = 'USD' group by 1`,
    );
    const collected = rows
      .filter(({ debit }) => debit === 'collected' || debit === 'deferred')
      .reduce((sum, { amount }) => sum + amount, 0n);
    const packs = rows.filter(({ debit }) => debit === 'receivable').reduce((sum, { amount }) => sum + amount, 0n);
    // A pack's sale is booked as it is paid for.
    expect([collected, packs]).toEqual([27_400n * 10n ** 9n, 1_080n * 10n ** 9n]);
  });

  it('by plan, by pack, by customer and in all, the books and the reckoning are the same to the nano', () => {
    for (const plan of Object.keys(HUNDRED.plans)) expect([plan, booked('plan', [plan])]).toEqual([plan, of(plan)]);
    for (const { pack } of Object.values(HUNDRED.plans)) expect([pack, booked('pack', [pack])]).toEqual([pack, of(pack)]);
    for (const { workspace, plan, pack } of customers) {
      expect([plan, pack, booked('workspace', [workspace])]).toEqual([plan, pack, of(plan, pack ?? null)]);
    }
    const everybody = customers.map(({ workspace }) => workspace as string);
    expect(booked('workspace', everybody)).toEqual(brief());
  });

  it('$28,480 come in; the credits cost $1,350 and not $1,180; $27,130 (95.25 %) are left and not $27,300 (96 %); $26,268.08 after fees (92.23 %)', () => {
    expect(brief()).toEqual({
      revenue: '28480',
      fees: '861.92',
      cost: '1350',
      margin: '26268.08',
      kept: '92.23',
      before_fees: '95.25',
    });
  });

  it('packs bring $830 and not $1,000; a pack keeps 82.75 % and 74.68 %, not 85 % of both', () => {
    const { pack: small } = HUNDRED.plans['PRO']!;
    const { pack: large } = HUNDRED.plans['ENTERPRISE']!;
    expect([of(small), of(large)]).toMatchObject([
      { revenue: '290', cost: '50', before_fees: '82.75' },
      { revenue: '790', cost: '200', before_fees: '74.68' },
    ]);
    expect(sumOf([of(small), of(large)])).toMatchObject({ revenue: '1080', cost: '250', before_fees: '76.85' });
  });

  it('a customer without a pack keeps 98.65 % of Pro and 94.98 % of Enterprise, before fees', () => {
    expect(['PRO', 'ENTERPRISE'].map((plan) => of(plan, null).before_fees)).toEqual(['98.65', '94.98']);
  });

  it('by plan, packs included and after fees, 94.92 % of Pro are kept and 91.22 % of Enterprise', () => {
    expect(['PRO', 'ENTERPRISE'].map((plan) => of(plan).kept)).toEqual(['94.92', '91.22']);
  });

  it('at three credits a goal Pro makes 66 goals a month and Enterprise 666, not 6 and 60', () => {
    const { catalog } = server.running.composition.deps;
    const goal = findOperation(catalog, 'generate_goal')!.credits_min;
    expect(['PRO', 'ENTERPRISE'].map((code) => findPlan(catalog, code)!.credits_monthly / goal)).toEqual([66n, 666n]);
  });
});
