import type { Fact, Slice } from './facts.ts';

/** What the oracle is told of a plan: it reads no catalog, and reckons with integers of its own. */
export interface JudgedPlan {
  readonly margin_percent: number;
  readonly fee_percent_tenths: number;
  /** In the smallest coin of its currency. */
  readonly fee_fixed: number;
  readonly credits_monthly: number;
  /** A month's price, in the smallest coin of its currency. */
  readonly price: number;
  readonly currency: string;
}

export interface JudgedTerms {
  /** By code; of those that were raised, the one that gives most for the money. */
  readonly plans: Readonly<Record<string, JudgedPlan>>;
  /** What a thousand units of a currency are in the one that costs are counted in. */
  readonly per_thousand: Readonly<Record<string, number>>;
  /** What the trial of a plan may cost in all, in nano-units, and the credits it gives. */
  readonly trial: { readonly plan: string; readonly cost: bigint; readonly credits: number };
}

/** What was seen of a life, in the order in which it was. Times in seconds. */
export type Seen =
  | { readonly is: 'told'; readonly at: number; readonly event: string; readonly outcome: string }
  | { readonly is: 'called'; readonly at: number; readonly cost: bigint; readonly refused: string | undefined }
  /** It wanted to spend all it could, and has. */
  | { readonly is: 'spent_all'; readonly at: number };

/** What our books say of it at the end. Money in nano-units by currency (upper case). */
export interface Books {
  readonly revenue: ReadonlyMap<string, bigint>;
  readonly tax: ReadonlyMap<string, bigint>;
  readonly credits_granted: bigint;
}

export interface Broken {
  readonly rule: 'cost' | 'window' | 'serves' | 'underserved' | 'revenue' | 'tax' | 'credits';
  readonly at: number;
  readonly why: string;
}

type Collected = Extract<Fact, { is: 'collected' }>;
type Returned = Extract<Fact, { is: 'returned' }>;
type State = Extract<Fact, { is: 'state' }>;

const NANOS_COIN = 10_000_000n;
/** A step between what Stripe says and what our side may still lack. */
const DRAFT_S = 2 * 3_600;
/** Of what was paid for, so much must be served: the rest is for rounding, the reserve and the cautious rates between currencies. */
const SERVED_PERCENT = 90n;
/** In these nobody is served, whatever was paid. */
const SERVES_NOBODY: ReadonlySet<string> = new Set(['paused', 'unpaid', 'canceled', 'incomplete_expired']);

/**
 * An accountant who saw the money and nothing of our code: what each payment allows us to spend, by what was collected of it, less tax, fees
 * and the margin, and in which time. Finds every call that was admitted beyond it, every customer who paid and was not served, and books
 * that do not say what was collected.
 */
export function judge(facts: readonly Fact[], seen: readonly Seen[], books: Books | undefined, terms: JudgedTerms): Broken[] {
  const oracle = new Oracle(facts, terms);
  const broken: Broken[] = [];
  const calls: { at: number; cost: bigint }[] = [];
  for (const one of seen) {
    if (one.is === 'told') oracle.told(one.event);
    else if (one.is === 'called' && one.cost > 0n) {
      calls.push(one);
      broken.push(...oracle.admitted(one.at, calls));
    } else if (one.is === 'spent_all') broken.push(...oracle.servedEnough(one.at, calls));
  }
  if (books !== undefined) broken.push(...oracle.booked(books, seen.at(-1)?.at ?? 0));
  return broken;
}

class Oracle {
  readonly #terms: JudgedTerms;
  readonly #collected: readonly Collected[];
  readonly #returned: readonly Returned[];
  readonly #states: readonly State[];
  readonly #changes: readonly number[];
  readonly #moved: readonly Extract<Fact, { is: 'moved' }>[];
  readonly #told = new Set<string>();

  constructor(facts: readonly Fact[], terms: JudgedTerms) {
    this.#terms = terms;
    this.#collected = facts.filter((fact) => fact.is === 'collected');
    this.#returned = facts.filter((fact) => fact.is === 'returned');
    this.#states = facts.filter((fact) => fact.is === 'state');
    this.#moved = facts.filter((fact) => fact.is === 'moved');
    this.#changes = facts.filter((fact) => fact.is === 'changed').map(({ at }) => at);
  }

  told(event: string): void {
    this.#told.add(event);
  }

  admitted(at: number, calls: readonly { at: number; cost: bigint }[]): Broken[] {
    const broken: Broken[] = [];
    // Two subscriptions at once are one term, in whose months the money of both is spread, and money of a balance goes on to months that it
    // was not collected for: then only the whole is looked at.
    const several = new Set(this.#states.map(({ subscription }) => subscription)).size > 1 || this.#moved.length > 0;
    const slices = this.#slices(at).filter(({ from }) => several || from <= at);
    const sum = (of: readonly { readonly amount: bigint }[]): bigint => of.reduce((all, { amount }) => all + amount, 0n);
    const spent = (from: number): bigint => calls.filter((call) => call.at >= from).reduce((all, { cost }) => all + cost, 0n);
    const allowed = sum(slices);
    const cost = spent(Number.NEGATIVE_INFINITY);
    if (cost > allowed)
      broken.push({ rule: 'cost', at, why: `${show(cost)} spent in all, ${show(allowed)} allowed by what was collected` });
    for (const from of several ? [] : new Set(slices.map((slice) => slice.from))) {
      const within = sum(slices.filter(({ to }) => to >= from));
      const cost_since = spent(from);
      if (cost_since <= within || cost > allowed) continue;
      broken.push({
        rule: 'window',
        at,
        why: `${show(cost_since)} spent since ${date(from)}, ${show(within)} collected for that time`,
      });
      break;
    }
    const last = this.#lastStates();
    if (last.length > 0 && !this.#paidAnother(last) && last.every(({ status }) => SERVES_NOBODY.has(status))) {
      broken.push({
        rule: 'serves',
        at,
        why: `served though its subscription is known to be ${last.map(({ status }) => status).join(', ')}`,
      });
    }
    return broken;
  }

  /** Money is known of a subscription of which nothing else is yet. */
  #paidAnother(known: readonly State[]): boolean {
    const told = this.#collected.filter(({ event }) => this.#told.has(event));
    return told.some(({ subscription }) => known.every((state) => state.subscription !== subscription));
  }

  /** The latest that was told of each subscription. */
  #lastStates(): State[] {
    const last = new Map<string, State>();
    for (const state of this.#states)
      if (state.told_by.some((event) => this.#told.has(event))) last.set(state.subscription, state);
    return [...last.values()];
  }

  /** Who has paid for this time, in the plainest way there is, gets what it paid for. */
  servedEnough(at: number, calls: readonly { at: number; cost: bigint }[]): Broken[] {
    const states = this.#states.filter((state) => state.at <= at);
    const last = states.at(-1);
    const known =
      states.every(({ told_by }) => told_by.every((event) => this.#told.has(event))) &&
      new Set(states.map(({ subscription }) => subscription)).size === 1;
    if (!known || last === undefined || last.status !== 'active' || !last.serves) return [];
    // What was spent of money that went back, or went on to another month, is owed by the months that follow.
    if (this.#returned.length > 0 || this.#moved.length > 0) return [];
    const paid = this.#collected.findLast((fact) => fact.at <= at);
    const slice = paid?.plain === true ? paid.slices.find(({ from, to }) => from + DRAFT_S <= at && at < to) : undefined;
    if (paid === undefined || slice === undefined || !this.#told.has(paid.event)) return [];
    if (this.#changes.some((change) => change >= paid.at && change <= at)) return [];
    const part = this.#parts(paid, at).find(({ from }) => from === slice.from);
    const least = ((part?.amount ?? 0n) * SERVED_PERCENT) / 100n;
    const served = calls.filter((call) => call.at >= slice.from).reduce((all, { cost }) => all + cost, 0n);
    if (served >= least) return [];
    return [
      {
        rule: 'underserved',
        at,
        why: `${show(served)} served of ${show(part?.amount ?? 0n)} that was paid for since ${date(slice.from)}`,
      },
    ];
  }

  #slices(at: number): { from: number; to: number; amount: bigint }[] {
    const trial = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, amount: this.#trial() };
    return [trial, ...this.#collected.filter((fact) => fact.at <= at).flatMap((fact) => this.#parts(fact, at))];
  }

  #tried(): boolean {
    return this.#states.some(({ status, plan }) => status === 'trialing' && plan === this.#terms.trial.plan);
  }

  #trial(): bigint {
    return this.#tried() ? this.#terms.trial.cost : 0n;
  }

  /** What one payment allows at an instant, by the times it may be used in. Parts of a coin go to the earlier ones. */
  #parts(fact: Collected, at: number): { from: number; to: number; amount: bigint }[] {
    const all = fact.slices.reduce((sum, { part }) => sum + part, 0);
    const whole = this.#allowance(fact, at);
    return fact.slices.map(({ from, to, part }: Slice) => ({
      from,
      to,
      amount: (whole * BigInt(part) + BigInt(all) - 1n) / BigInt(all),
    }));
  }

  #allowance(fact: Collected, at: number): bigint {
    const plan = this.#planOf(fact.plan);
    const left = BigInt(fact.gross - this.#goneOf(fact, at));
    const net = (nanosOf(fact.for_plan) * left) / BigInt(fact.gross);
    const fixed = this.#worth(nanosOf(plan.fee_fixed), plan.currency);
    const percent = (this.#worth(nanosOf(fact.gross), fact.currency) * BigInt(plan.fee_percent_tenths)) / 1_000n;
    const kept = (this.#worth(net, fact.currency) * BigInt(100 - plan.margin_percent)) / 100n - fixed - percent;
    return kept > 0n ? kept : 0n;
  }

  #worth(nanos: bigint, currency: string): bigint {
    return (nanos * BigInt(this.#terms.per_thousand[currency] ?? 0)) / 1_000n;
  }

  #planOf(code: string): JudgedPlan {
    const plan = this.#terms.plans[code];
    if (plan === undefined) throw new Error(`the oracle knows no plan ${code}`);
    return plan;
  }

  /** What went back counts from when our side was told, what came again from when it did. */
  #goneOf({ invoice, gross }: Collected, at: number): number {
    const gone = this.#returned
      .filter((fact) => fact.invoice === invoice && fact.told_by.some((event) => this.#told.has(event)))
      .filter(({ back }) => back === undefined || back.at > at)
      .reduce((sum, fact) => sum + fact.gross, 0);
    return Math.min(gone, gross);
  }

  #creditsOf(code: string, nanos: bigint): bigint {
    const { credits_monthly, price, currency } = this.#planOf(code);
    return (nanos * BigInt(credits_monthly)) / this.#worth(nanosOf(price), currency);
  }

  booked(books: Books, at: number): Broken[] {
    const revenue = new Map<string, bigint>();
    const tax = new Map<string, bigint>();
    let credits = this.#tried() ? BigInt(this.#terms.trial.credits) : 0n;
    for (const fact of this.#collected) {
      const back = this.#returned.filter(
        ({ invoice, back: again }) => invoice === fact.invoice && (again === undefined || again.at > at),
      );
      const left =
        fact.gross -
        Math.min(
          fact.gross,
          back.reduce((sum, { gross }) => sum + gross, 0),
        );
      const tax_left = (nanosOf(fact.tax) * BigInt(left)) / BigInt(fact.gross);
      const key = fact.currency.toUpperCase();
      tax.set(key, (tax.get(key) ?? 0n) + tax_left);
      revenue.set(key, (revenue.get(key) ?? 0n) + nanosOf(left) - tax_left);
      // Which of its plans a sum of old and new was for is not looked into: the one that gives most for the money.
      const net = this.#worth(nanosOf(fact.for_plan), fact.currency);
      const each = Object.keys(this.#terms.plans).map((plan) => this.#creditsOf(plan, net));
      credits += fact.plain ? this.#creditsOf(fact.plan, net) : each.reduce((best, one) => (one > best ? one : best), 0n);
    }
    // Money that goes on to another month gives the credits of that month, while those of the month before may have lapsed unspent.
    for (const { plan, currency, amount } of this.#moved)
      credits += this.#creditsOf(plan, this.#worth(nanosOf(amount), currency));
    const tolerance = NANOS_COIN * BigInt(this.#collected.length + this.#returned.length);
    const broken = [
      ...compare('revenue', at, revenue, books.revenue, tolerance),
      ...compare('tax', at, tax, books.tax, tolerance),
    ];
    if (books.credits_granted > credits) {
      broken.push({
        rule: 'credits',
        at,
        why: `${books.credits_granted} credits were granted, ${credits} are proven by what was collected`,
      });
    }
    return broken;
  }
}

function compare(
  rule: 'revenue' | 'tax',
  at: number,
  wanted: ReadonlyMap<string, bigint>,
  booked: ReadonlyMap<string, bigint>,
  tolerance: bigint,
): Broken[] {
  return [...new Set([...wanted.keys(), ...booked.keys()])].flatMap((currency) => {
    const difference = (booked.get(currency) ?? 0n) - (wanted.get(currency) ?? 0n);
    if (difference <= tolerance && difference >= -tolerance) return [];
    return [
      { rule, at, why: `${show(booked.get(currency) ?? 0n)} ${currency} booked, ${show(wanted.get(currency) ?? 0n)} collected` },
    ];
  });
}

const nanosOf = (coins: number): bigint => BigInt(coins) * NANOS_COIN;

export function show(nanos: bigint): string {
  const negative = nanos < 0n;
  const text = (negative ? -nanos : nanos).toString().padStart(10, '0');
  return `${negative ? '-' : ''}${text.slice(0, -9)}.${text.slice(-9, -5)}`;
}

export function date(seconds: number): string {
  return Temporal.Instant.fromEpochMilliseconds(seconds * 1000)
    .toString()
    .slice(0, 16)
    .replace('T', ' ');
}
