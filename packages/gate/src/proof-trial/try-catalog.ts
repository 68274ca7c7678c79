import { isRefusal } from '@purser/core';
import { type Catalog, costOfCredits, orderMax, orderOf, type Pack, type Plan } from '@purser/catalog';
import type { Overrides, Workspace } from '@purser/identity';
import { compare, convertAllowance, convertCost, formatMoney, money, type Money, type Ratio } from '@purser/money';
import { refuseLoss } from '@purser/policy';

import type { Gate } from '../gate.ts';
import { Round, type TrialWorld } from './trial-world.ts';
import { Account, type Behaviour } from './worst-provider.ts';

/** How a workspace on some plan of a catalog goes about spending. */
export interface Spending {
  readonly plan: number;
  /** Of what is admitted, in hundredths: spent before the calls begin. */
  readonly before: number;
  readonly behaviours: readonly Behaviour[];
  readonly calls: number;
  readonly words: number;
  readonly output: number;
  readonly packs: readonly number[];
  /** What was agreed, as a share of the price in hundredths; beside this plan, or beside another that it was then moved from. */
  readonly agreed: number | undefined;
}

const ROUNDS = 4;
/** An amount whose share is not rounded to nothing. */
const MUCH = 1_000_000_000n;

/**
 * Spends what a workspace may spend under an accepted catalog, many calls at once, each billed the most it can be, and buys packs and
 * spends again. What it finds wrong, in words; nothing when the margin was kept.
 */
export async function spendToTheLimit(world: TrialWorld, catalog: Catalog, how: Spending): Promise<string[]> {
  const plan = catalog.plans[how.plan % catalog.plans.length] as Plan;
  const overrides = agreedWith(plan, how.agreed);
  const wrong: string[] = [];
  const workspace = world.workspace(catalog, plan.code, { overrides });
  const spender = new Spender(world, catalog, workspace, how);
  const costs = reachesCost(catalog, plan);
  const refused = refuseLoss({ plan: plan.code, overrides }, catalog, world.clock.now());
  // A hard cost cap bounds the month whatever ceiling is agreed to.
  const unbounded = costs && plan.cost_caps.monthlyUsd === undefined && plan.price.nanos > MUCH;
  if (unbounded && how.agreed !== undefined && how.agreed > 100 && !refused)
    wrong.push(`${plan.code}: a ceiling above the price was agreed to`);
  if (costs) await spender.before();
  await spender.rounds(ROUNDS);
  let allowed = 0n;
  for (const index of how.packs) {
    const pack = catalog.packs[index % Math.max(1, catalog.packs.length)];
    if (pack === undefined || (plan.packs && !plan.packs.includes(pack.code))) continue;
    const quantity = quantityOf(pack, index);
    const raise = await world.buy(workspace, catalog, pack, quantity);
    const sold = pack.credits * BigInt(quantity);
    if (compare(costOfCredits(catalog, sold, raise.currency), raise) > 0)
      wrong.push(`${quantity} of ${pack.code}: ${sold} credits do not fit the raise of ${formatMoney(raise)}`);
    allowed += allowedBy(catalog, plan, pack, orderOf(pack, quantity).price);
    await spender.rounds(2);
  }
  if (costs) await spender.rest();
  wrong.push(...marginLost(catalog, plan, spender.spent(), allowed));
  const unpaid = await spendUnpaid(world, catalog, plan, how);
  if (unpaid > 0n && (plan.price.nanos > 0n || plan.pay_as_you_go))
    wrong.push(`${plan.code}: ${unpaid} were spent without any payment`);
  wrong.push(...(await spendTrial(world, catalog, plan, how)));
  const cost = await world.costOf(world.policyOf(workspace, catalog));
  if (cost && cost.held !== 0n) wrong.push(`${plan.code}: ${cost.held} are still held`);
  return wrong;
}

/** One, the last before a tier and its first, and as many as there may be. */
function quantityOf(pack: Pack, index: number): number {
  const quantities = [1, ...pack.tiers.flatMap(({ from }) => [from - 1, from]), orderMax(pack)];
  return quantities[index % quantities.length] ?? 1;
}

/** What the sale of an order allows to be spent, in the plan's currency at a rate that has moved by the whole buffer. */
function allowedBy({ fx }: Catalog, plan: Plan, pack: Pack, price: Money): bigint {
  const allowance = leftOf(price, pack, pack.tax.max);
  return convertAllowance(money(allowance > 0n ? allowance : 0n, price.currency), plan.price.currency, fx).nanos;
}

/** Where nothing that a plan reaches costs anything, nothing can be spent by any means. */
export function reachesCost({ models, prices }: Catalog, plan: Plan | undefined): boolean {
  if (plan === undefined) return false;
  const { model_policy, visibility, email } = plan;
  const mailed = email === undefined ? [] : prices.history(email.priceKey);
  if (mailed.some(({ units }) => (units.email ?? 0n) > 0n)) return true;
  return models.some(
    (model) =>
      model_policy.providers[model.task]?.includes(model.provider) && !model.free && (!model.beta || visibility.showBetaModels),
  );
}

function agreedWith(plan: Plan, hundredths: number | undefined): Overrides {
  if (hundredths === undefined) return {};
  const cents = (plan.price.nanos * BigInt(hundredths)) / 100n / 10_000_000n;
  const amount = `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
  return { ceiling: { amount, currency: plan.price.currency }, credits_monthly: 1_000_000, concurrency: 200 };
}

class Spender {
  readonly #world: TrialWorld;
  readonly #catalog: Catalog;
  readonly #workspace: Workspace;
  readonly #how: Spending;
  readonly #account: Account;
  readonly #gate: Gate;
  #round = new Round(0);
  #turn = 0;
  #before = 0n;

  constructor(world: TrialWorld, catalog: Catalog, workspace: Workspace, how: Spending) {
    this.#world = world;
    this.#catalog = catalog;
    this.#workspace = workspace;
    this.#how = how;
    this.#account = new Account(
      () => this.#round.reached(),
      () => how.behaviours[this.#turn++ % how.behaviours.length] ?? 'kept',
    );
    this.#gate = world.gate(catalog, this.#account);
  }

  /** Most of a month goes by before the calls that matter. */
  async before(): Promise<void> {
    const policy = this.#world.policyOf(this.#workspace, this.#catalog);
    const amount = (policy.cost_cap.nanos * BigInt(this.#how.before)) / 100n;
    if (amount > 0n && (await this.#world.spend(policy, amount, amount))) this.#before += amount;
  }

  /** What the calls have left, to the last nano, and all that one under way may come to beyond that. */
  async rest(): Promise<void> {
    const policy = this.#world.policyOf(this.#workspace, this.#catalog);
    const cost = await this.#world.costOf(policy);
    const taken = cost ? cost.held + cost.used + cost.unreconciled + cost.overrun : 0n;
    const [admitted, billed] = [policy.cost_cap.nanos - taken, (policy.exposure_meter.cap ?? 0n) - taken];
    if (admitted > 0n && (await this.#world.spend(policy, admitted, billed))) this.#before += billed;
  }

  async rounds(most: number): Promise<void> {
    for (let round = 0; round < most; round++) if (!(await this.#all())) return;
  }

  /** Many calls at once; whether any of them was let through. */
  async #all(): Promise<boolean> {
    const { calls, words, output } = this.#how;
    const { operations } = this.#catalog;
    this.#round = new Round(calls);
    const round = this.#round;
    const [caller, before] = [callerOf(this.#workspace), this.#turn];
    const make = async (index: number): Promise<void> => {
      const operation = operations[index % operations.length];
      const complexity = (['simple', 'complex'] as const)[index % 2] ?? 'simple';
      const prompt = 'word '.repeat(words);
      const asked = { operation: operation?.name ?? 'ask', complexity };
      const signal = new AbortController().signal;
      const asking = (): Promise<unknown> => {
        if (operation?.task === 'image')
          return this.#gate.spend(caller, 'image', { ...asked, input: { prompt, count: 1 + (index % 4), ...PICTURE } }, signal);
        if (operation?.task === 'embedding')
          return this.#gate.spend(
            caller,
            'embedding',
            { ...asked, input: { inputs: [prompt, 'x'], dimensions: undefined } },
            signal,
          );
        const messages = [{ role: 'user' as const, content: prompt }];
        return this.#gate.generate(caller, { ...asked, messages, output_tokens_max: output }, signal);
      };
      // A connection that breaks is a fault, which a server answers with a 500.
      const answer = await asking().catch(() => undefined);
      round.ended();
      if (answer !== undefined && isRefusal(answer) && UNEXPECTED.has(answer.code)) throw new Error(answer.detail);
    };
    await Promise.all(Array.from({ length: calls }, (_, index) => make(index)));
    for (const task of this.#account.tasks) this.#world.spent_on.add(task);
    return this.#turn > before;
  }

  /** What the providers billed, in the plan's currency at a rate that has moved by the whole buffer; and what was spent before. */
  spent(): Money {
    const policy = this.#world.policyOf(this.#workspace, this.#catalog);
    const { currency } = policy.plan.price;
    let nanos = this.#before;
    for (const [of, billed] of this.#account.billed) nanos += convertCost(money(billed, of), currency, this.#catalog.fx).nanos;
    return money(nanos, currency);
  }
}

const PICTURE = { size: '1024x1024', quality: 'high' } as const;

/** Refusals that say that the trial itself is wrong. */
const UNEXPECTED = new Set(['invalid_request', 'not_found', 'rate_limited', 'overloaded', 'frozen']);

function callerOf(workspace: Workspace) {
  return { kind: 'workspace_key' as const, workspace, actor: 'key:trial', roles: ['member' as const] };
}

/** A customer whose payment failed tries each operation; returns what that cost. */
async function spendUnpaid(world: TrialWorld, catalog: Catalog, plan: Plan, how: Spending): Promise<bigint> {
  const workspace = world.workspace(catalog, plan.code, { license: 'grace' });
  const calls = catalog.operations.length;
  const spender = new Spender(world, catalog, workspace, { ...how, calls, behaviours: ['kept'] });
  await spender.rounds(1);
  return spender.spent().nanos;
}

/** A customer on trial spends all that it is let: no more than the catalog says that a trial may cost, whatever was agreed beside. */
async function spendTrial(world: TrialWorld, catalog: Catalog, plan: Plan, how: Spending): Promise<string[]> {
  const workspace = world.workspace(catalog, plan.code, { overrides: agreedWith(plan, how.agreed) });
  await world.tryOut(workspace, catalog);
  const spender = new Spender(world, catalog, workspace, how);
  if (reachesCost(catalog, plan)) await spender.before();
  await spender.rounds(2);
  if (reachesCost(catalog, plan)) await spender.rest();
  const most = plan.price.nanos > 0n ? (plan.trial?.ceiling.nanos ?? 0n) : (plan.marketing_budget?.nanos ?? 0n);
  const spent = spender.spent();
  if (plan.trial && spent.nanos > 0n) world.spent_on.add('trial');
  return spent.nanos > most ? [`${plan.code}: ${formatMoney(spent)} spent on a trial that may cost ${most}`] : [];
}

/** The sums of the promise, by themselves: what is paid, with the most tax and with none, less fees and cost, against the margin. */
function marginLost(catalog: Catalog, plan: Plan, spent: Money, raised: bigint): string[] {
  const cost = spent.nanos - raised;
  if (plan.price.nanos === 0n) {
    const budget = plan.marketing_budget?.nanos ?? 0n;
    return cost > budget
      ? [`${plan.code}: ${formatMoney(spent)} spent of a marketing budget of ${budget}, raised by ${raised}`]
      : [];
  }
  const none: Ratio = { ...plan.tax.max, numerator: 0n };
  return [plan.tax.max, none].flatMap((rate) => {
    const most = leftOf(plan.price, plan, rate);
    if (cost <= most) return [];
    return [`${plan.code} at ${formatMoney(plan.price)}: ${formatMoney(spent)} spent, raised by ${raised}, of ${most} nanos`];
  });
}

/** What a payment leaves for cost, after tax at that rate, fees and margin: reckoned here by itself, in nanos. */
function leftOf({ nanos: price }: Money, { tax, payment_fees, margin }: Plan | Pack, { numerator, denominator }: Ratio): bigint {
  const inclusive = tax.behavior === 'inclusive';
  const net = inclusive ? (price * denominator) / (denominator + numerator) : price;
  const gross = inclusive ? price : ceiling(price * (denominator + numerator), denominator);
  const { percent, fixed } = payment_fees;
  const fee = ceiling(gross * percent.numerator, percent.denominator) + fixed.nanos;
  return net - fee - ceiling(net * margin.numerator, margin.denominator);
}

function ceiling(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}
