import { assert, isRefusal } from '@purser/core';

import { type Customer, drawCustomer, drawPayment, drawPurchase, drawRequest } from './customers.ts';
import type { Account, Engine, Payment } from './engine.ts';
import { brokenGuarantees, type Guaranteed, periodEnd } from './guarantees.ts';
import { monthlyMargins, type MonthlyMargin } from './monthly-margins.ts';
import { type Population, POPULATION } from './population.ts';
import { Schedule } from './schedule.ts';
import { Tally } from './tally.ts';

export interface SimulationOptions {
  readonly engine: Engine;
  readonly seed: number;
  readonly customers: number;
  readonly months: number;
  readonly population?: Population;
  /** How far the clock is moved at a time; what falls in between happens at the end of it. Divides a day. */
  readonly step_hours?: number;
  /** Told once a simulated day. */
  readonly onDay?: (day: number, calls: number) => void;
}

export interface Simulated {
  readonly population: Population;
  readonly tally: Tally;
  readonly margins: readonly MonthlyMargin[];
  /** Sentences; empty when every guarantee held. */
  readonly broken: readonly string[];
  readonly calls: number;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** As many as two batches of the meters take: one is decided while the next gathers. */
const CALLS_AT_ONCE = 1024;
const STEP_H = 3;
const DAY_H = 24;

/**
 * Months of customers through the engine, from where its clock stands. Time goes in steps; in each, first payments, then what is due by itself,
 * then the calls of all customers at once, then a look at the ladders.
 */
export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const world = new World(options);
  await world.run();
  return world.result();
}

interface Living extends Guaranteed {
  readonly customer: Customer;
  readonly account: Account;
  readonly kind: string;
  readonly packs: Map<string, number>;
  renewals: number;
  /** The invoice whose payment failed and has not been made good. */
  owes: string | undefined;
  /** It buys nothing before this hour. */
  buys_from_h: number;
}

class World {
  readonly #options: SimulationOptions;
  readonly #engine: Engine;
  readonly #population: Population;
  readonly #tally = new Tally();
  readonly #living: Living[] = [];
  readonly #joins = new Schedule<Customer>();
  readonly #renewals = new Schedule<Living>();
  readonly #restorals = new Schedule<Living>();
  readonly #events = new Schedule<Living>();
  readonly #from: Temporal.Instant;
  readonly #to: Temporal.Instant;
  readonly #step_h: number;
  readonly #broken: string[] = [];
  #hour = 0;
  #month = 0;
  #made = 0;

  constructor(options: SimulationOptions) {
    const { engine, population = POPULATION, step_hours = STEP_H } = options;
    assert(DAY_H % step_hours === 0, `steps of ${step_hours} hours do not make a day`);
    this.#options = options;
    this.#engine = engine;
    this.#population = population;
    this.#step_h = step_hours;
    this.#from = engine.clock.now();
    this.#to = periodEnd(this.#from, options.months);
    for (let n = 0; n < options.customers; n++) {
      const customer = drawCustomer(options.seed, engine.catalog, population, n);
      this.#joins.at(customer.joins_day * DAY_H, customer);
    }
  }

  async run(): Promise<void> {
    const engine = this.#engine;
    const hours = this.#to.since(this.#from).total('hours');
    for (; this.#hour < hours; this.#hour += this.#step_h) {
      engine.clock.moveTo(this.#from.add({ hours: this.#hour }));
      if (Temporal.Instant.compare(engine.clock.now(), periodEnd(this.#from, this.#month + 1)) >= 0) this.#month++;
      await engine.pay([...this.#renew(), ...this.#restore()]);
      await this.#join();
      await engine.housekeep();
      await inParallel(this.#calls(), CALLS_AT_ONCE);
      await engine.look();
      if ((this.#hour + this.#step_h) % DAY_H === 0) {
        await engine.endDay();
        this.#options.onDay?.((this.#hour + this.#step_h) / DAY_H, this.#made);
      }
    }
    engine.clock.moveTo(this.#to);
    await engine.housekeep();
  }

  async result(): Promise<Simulated> {
    const span = { from: this.#from, to: this.#to };
    const margins = await monthlyMargins(this.#engine, span.from, span.to);
    const broken = [...this.#broken, ...(await brokenGuarantees(this.#engine, this.#living, span))];
    return { population: this.#population, tally: this.#tally, margins, broken, calls: this.#made, ...span };
  }

  async #join(): Promise<void> {
    const joining = this.#joins.take(this.#hour);
    const anchored_at = this.#engine.clock.now();
    const accounts = await this.#engine.open(
      joining.map(({ n, plan, timezone }) => ({ name: `Customer ${n}`, plan, timezone, anchored_at })),
    );
    for (const [index, customer] of joining.entries()) {
      const account = accounts[index];
      assert(account !== undefined, 'every opening makes an account');
      const { plan } = customer;
      const living: Living = {
        customer,
        account,
        workspace: account.workspace,
        plan,
        kind: customer.kind.name,
        anchored_at,
        packs: new Map(),
        owes: undefined,
        renewals: 0,
        buys_from_h: 0,
      };
      this.#living.push(living);
      this.#tally.joined(living);
      this.#planEvent(living);
      if (customer.paid) this.#planRenewal(living);
    }
  }

  #planEvent(living: Living): void {
    const { events_day, random } = living.customer;
    this.#events.at(this.#hour + Math.max(this.#step_h, this.#whole(random.exponential(events_day / DAY_H))), living);
  }

  /** What is called in this step, every call at its instant. */
  #calls(): (() => Promise<void>)[] {
    return this.#events.take(this.#hour).flatMap((living) => {
      this.#planEvent(living);
      const { customer } = living;
      return Array.from({ length: customer.kind.burst }, () => () => this.#call(living));
    });
  }

  async #call(living: Living): Promise<void> {
    this.#made++;
    const { customer, account } = living;
    const result = await this.#engine.call(account, drawRequest(customer, this.#engine.catalog));
    this.#tally.called(living, result, this.#month);
    if (!isRefusal(result)) {
      if (living.owes !== undefined) this.#broken.push(`${living.plan}: ${living.workspace} was served while a payment was owed`);
      return;
    }
    const packs = result.offers?.filter(({ kind }) => kind === 'pack') ?? [];
    if (packs.length === 0 || !customer.paid || living.owes !== undefined || this.#hour < living.buys_from_h) return;
    const { buys, again_h } = drawPurchase(customer);
    living.buys_from_h = this.#hour + (buys ? again_h : this.#step_h);
    const pack = customer.random.weighted(packs.map(({ id }) => [id, 1] as const));
    if (buys) await this.#buy(living, pack);
  }

  async #buy(living: Living, pack: string): Promise<void> {
    await this.#engine.buy(living.account, pack);
    living.packs.set(pack, (living.packs.get(pack) ?? 0) + 1);
    this.#tally.bought(living);
  }

  #planRenewal(living: Living): void {
    living.renewals++;
    const due = periodEnd(living.anchored_at, living.renewals);
    this.#renewals.at(this.#whole(due.since(this.#from).total('hours')), living);
  }

  /** The payments that come due; who owes one already is not asked for the next. */
  #renew(): Payment[] {
    return this.#renewals.take(this.#hour).flatMap((living) => {
      const reference = `in_${living.customer.n}_${living.renewals}`;
      this.#planRenewal(living);
      if (living.owes !== undefined) return [];
      const late = drawPayment(living.customer, this.#population);
      if (late === null) {
        this.#tally.payments.paid++;
        return [this.#payment(living, 'paid', reference)];
      }
      this.#tally.payments.failed++;
      living.owes = reference;
      if (late !== 'never') this.#restorals.at(this.#hour + this.#whole(late * DAY_H), living);
      return [this.#payment(living, 'failed', reference)];
    });
  }

  #restore(): Payment[] {
    return this.#restorals.take(this.#hour).map((living) => {
      const reference = living.owes;
      assert(reference !== undefined, 'what is made good was owed');
      living.owes = undefined;
      this.#tally.payments.restored++;
      return this.#payment(living, 'paid', reference);
    });
  }

  #payment({ account }: Living, kind: Payment['kind'], reference: string): Payment {
    return { id: `evt_${kind}_${reference}`, account, kind, at: this.#engine.clock.now(), reference };
  }

  /** In whole steps. */
  #whole(hours: number): number {
    return Math.ceil(hours / this.#step_h) * this.#step_h;
  }
}

async function inParallel(tasks: readonly (() => Promise<void>)[], workers_max: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: Math.min(workers_max, tasks.length) }, work));
}
