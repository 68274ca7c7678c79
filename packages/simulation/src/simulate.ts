import { assert, isRefusal } from '@purser/base';

import { type Customer, drawCustomer, drawPayment, drawRequest } from './customers.ts';
import type { Account, Engine } from './engine.ts';
import { brokenGuarantees, type Guaranteed } from './guarantees.ts';
import { monthlyMargins, type MonthlyMargin } from './monthly-margins.ts';
import { Random } from './random.ts';
import { Schedule } from './schedule.ts';
import { Tally } from './tally.ts';

export interface SimulationOptions {
  readonly engine: Engine;
  readonly seed: number;
  readonly customers: number;
  readonly months: number;
  /** Told once a simulated day. */
  readonly onDay?: (day: number, calls: number) => void;
}

export interface Simulated {
  readonly tally: Tally;
  readonly margins: readonly MonthlyMargin[];
  /** Sentences; empty when every guarantee held. */
  readonly broken: readonly string[];
  readonly calls: number;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

const CALLS_AT_ONCE = 256;
const HOUSEKEEPING_EVERY_H = 6;
/** Who is refused with an offer buys a pack, so often. */
const BUYS = 0.1;

/** Months of customers through the engine, hour by hour: payments first, then what happens by itself, then the calls of the hour. */
export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const world = new World(options);
  await world.run();
  return world.result();
}

interface Living extends Guaranteed {
  readonly customer: Customer;
  readonly account: Account;
  renewals: number;
}

class World {
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #tally = new Tally();
  readonly #schedule = new Schedule<() => Promise<void> | void>();
  readonly #living: Living[] = [];
  readonly #from: Temporal.Instant;
  readonly #hours: number;
  readonly #broken: string[] = [];
  #calls: (() => Promise<void>)[] = [];
  #made = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#from = nextMidnight(options.engine.clock.now());
    const end = this.#from.toZonedDateTimeISO('UTC').add({ months: options.months }).toInstant();
    this.#hours = Math.round(end.since(this.#from).total('hours'));
    for (let n = 0; n < options.customers; n++) {
      const customer = drawCustomer(this.#random, options.engine.catalogue, n);
      this.#schedule.at(customer.joins_day * 24, () => this.#join(customer));
    }
  }

  async run(): Promise<void> {
    const { engine, onDay } = this.#options;
    for (let hour = 0; hour < this.#hours; hour++) {
      engine.clock.moveTo(this.#instant(hour));
      for (const happen of this.#schedule.take(hour)) await happen();
      if (hour % HOUSEKEEPING_EVERY_H === 0) await engine.housekeep();
      const calls = this.#calls;
      this.#calls = [];
      await inParallel(calls, CALLS_AT_ONCE);
      if (hour % 24 === 23) onDay?.((hour + 1) / 24, this.#made);
    }
    engine.clock.moveTo(this.#instant(this.#hours));
    await engine.housekeep();
  }

  async result(): Promise<Simulated> {
    const { engine } = this.#options;
    const from = this.#from;
    const to = this.#instant(this.#hours);
    const margins = await monthlyMargins(engine, from, to);
    const broken = [...this.#broken, ...(await brokenGuarantees(engine, this.#living, from, to))];
    return { tally: this.#tally, margins, broken, calls: this.#made, from, to };
  }

  #instant(hour: number): Temporal.Instant {
    return this.#from.add({ hours: hour });
  }

  #now(): number {
    return Math.floor(this.#options.engine.clock.now().since(this.#from).total('hours'));
  }

  async #join(customer: Customer): Promise<void> {
    const { engine } = this.#options;
    const anchored_at = engine.clock.now();
    const { plan, timezone } = customer;
    const account = await engine.open({ name: `Customer ${customer.n}`, plan, timezone, anchored_at });
    const living: Living = { customer, account, workspace: account.workspace, plan, owes: false, renewals: 0 };
    this.#living.push(living);
    this.#tally.of(plan).customers++;
    this.#planCall(living);
    if (customer.paid) this.#planRenewal(living, anchored_at);
  }

  #planCall(living: Living): void {
    const { calls_day, burst } = living.customer.kind;
    const hours = Math.max(1, Math.round(this.#random.exponential(calls_day / 24)));
    this.#schedule.at(this.#now() + hours, () => {
      for (let n = 0; n < burst; n++) {
        const request = drawRequest(this.#random, this.#options.engine.catalogue, living.customer);
        const buys = this.#random.chance(BUYS);
        this.#calls.push(() => this.#call(living, request, buys));
      }
      this.#planCall(living);
    });
  }

  async #call(living: Living, request: Parameters<Engine['call']>[1], buys: boolean): Promise<void> {
    const { engine } = this.#options;
    this.#made++;
    const result = await engine.call(living.account, request);
    this.#tally.count(living.plan, result);
    if (!isRefusal(result)) {
      if (living.owes) this.#broken.push(`${living.customer.plan}: ${living.workspace} was served while a payment was owed`);
      return;
    }
    const pack = result.offers?.find(({ kind }) => kind === 'pack');
    if (!buys || pack === undefined || !living.customer.paid || living.owes) return;
    await engine.buy(living.account, pack.id);
    this.#tally.of(living.plan).packs++;
  }

  #planRenewal(living: Living, anchored_at: Temporal.Instant): void {
    living.renewals++;
    const due = anchored_at.toZonedDateTimeISO(living.customer.timezone).add({ months: living.renewals }).toInstant();
    const hour = Math.ceil(due.since(this.#from).total('hours'));
    this.#schedule.at(hour, async () => {
      await this.#renew(living);
      this.#planRenewal(living, anchored_at);
    });
  }

  async #renew(living: Living): Promise<void> {
    if (living.owes) return;
    const { engine } = this.#options;
    const reference = `in_${living.customer.n}_${living.renewals}`;
    const late = drawPayment(this.#random);
    if (late === null) return engine.pay(living.account, payment('paid', reference, engine.clock.now()));
    await engine.pay(living.account, payment('failed', reference, engine.clock.now()));
    living.owes = true;
    if (late === 'never') return;
    this.#schedule.at(this.#now() + late * 24, async () => {
      await engine.pay(living.account, payment('paid', reference, engine.clock.now()));
      living.owes = false;
    });
  }
}

function payment(kind: 'paid' | 'failed', reference: string, at: Temporal.Instant) {
  return { id: `evt_${kind}_${reference}`, kind, at, reference } as const;
}

function nextMidnight(now: Temporal.Instant): Temporal.Instant {
  return now.toZonedDateTimeISO('UTC').add({ days: 1 }).startOfDay().toInstant();
}

async function inParallel(tasks: readonly (() => Promise<void>)[], workers_max: number): Promise<void> {
  assert(workers_max > 0, 'somebody has to work');
  let next = 0;
  const work = async (): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: Math.min(workers_max, tasks.length) }, work));
}
