/**
 * What the counters have to do, written as plainly as can be: one operation after the other, no batches, no SQL. The simulation
 * runs the same operations through it and through Postgres and wants the same outcomes and the same rows.
 */
export type ModelClass = 'cost' | 'quota' | 'credit' | 'gauge';

export interface ModelMeter {
  readonly kind: ModelClass;
  cap: bigint;
  held: bigint;
  used: bigint;
  unreconciled: bigint;
  overrun: bigint;
}

export interface ModelGrant {
  readonly id: string;
  readonly workspace: string;
  readonly priority: number;
  readonly expires_ms: number | null;
  readonly amount: bigint;
  held: bigint;
  used: bigint;
  expired: bigint;
  lapsed: boolean;
}

export interface ModelHold {
  readonly id: string;
  readonly workspace: string;
  readonly expires_ms: number;
  readonly legs: readonly { readonly meter: string; readonly amount: bigint }[];
  readonly draws: readonly { readonly grant: string; readonly amount: bigint }[];
  state: 'open' | 'settled' | 'voided' | 'expired' | 'reconciled';
  actuals: readonly bigint[];
}

export interface ModelLeg {
  readonly meter: string;
  readonly kind: ModelClass;
  readonly amount: bigint;
  /** Null: the stored cap stands. */
  readonly cap: bigint | null;
  /** With what is taken of the cost before it, no more than its cap. */
  readonly exposure: boolean;
}

export interface AskHold {
  readonly id: string;
  readonly workspace: string;
  readonly expires_ms: number;
  readonly legs: readonly ModelLeg[];
  readonly key: { readonly name: string; readonly hash: string } | null;
}

export interface AskEnd {
  readonly hold: string;
  readonly workspace: string;
  readonly kind: 'settle' | 'void' | 'unresolved';
  readonly actuals: readonly bigint[];
}

/** What the books say of a workspace: credits, and cost by the cost legs of its own. */
export interface ModelBooks {
  granted: bigint;
  spent: bigint;
  lapsed: bigint;
  cost: bigint;
  overrun: bigint;
  unreconciled: bigint;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const excess = (a: bigint, b: bigint): bigint => (a > b ? a - b : 0n);

export class ReferenceModel {
  readonly meters = new Map<string, ModelMeter>();
  readonly grants = new Map<string, ModelGrant>();
  readonly holds = new Map<string, ModelHold>();
  readonly keys = new Map<string, { hash: string; hold: string }>();
  readonly books = new Map<string, ModelBooks>();
  /** Which meter of a workspace holds its credits, and which its cost. */
  readonly creditMeter: (workspace: string) => string;
  readonly costMeter: (workspace: string) => string;

  constructor(creditMeter: (workspace: string) => string, costMeter: (workspace: string) => string) {
    this.creditMeter = creditMeter;
    this.costMeter = costMeter;
  }

  clone(): ReferenceModel {
    const copy = new ReferenceModel(this.creditMeter, this.costMeter);
    for (const [id, meter] of this.meters) copy.meters.set(id, { ...meter });
    for (const [id, grant] of this.grants) copy.grants.set(id, { ...grant });
    for (const [id, hold] of this.holds) copy.holds.set(id, { ...hold });
    for (const [name, key] of this.keys) copy.keys.set(name, { ...key });
    for (const [workspace, books] of this.books) copy.books.set(workspace, { ...books });
    return copy;
  }

  grant(now_ms: number, grant: Pick<ModelGrant, 'id' | 'workspace' | 'priority' | 'expires_ms' | 'amount'>): boolean {
    if (this.grants.has(grant.id)) return false;
    if (grant.expires_ms !== null && grant.expires_ms <= now_ms) throw new Error('a grant expires after it was made');
    this.grants.set(grant.id, { ...grant, held: 0n, used: 0n, expired: 0n, lapsed: false });
    this.#meter(this.creditMeter(grant.workspace), 'credit').cap += grant.amount;
    this.#book(grant.workspace).granted += grant.amount;
    return true;
  }

  expireGrants(now_ms: number, workspaces?: ReadonlySet<string>): void {
    for (const grant of this.grants.values()) {
      if (grant.lapsed || grant.expires_ms === null || grant.expires_ms > now_ms) continue;
      if (workspaces && !workspaces.has(grant.workspace)) continue;
      grant.lapsed = true;
      this.#lapse(grant, grant.amount - grant.used - grant.held);
    }
  }

  /** One batch: what is due lapses, then ends, then holds in the order of arrival. */
  apply(now_ms: number, ends: readonly AskEnd[], holds: readonly AskHold[]): { ends: string[]; holds: string[] } {
    // All keys are claimed before the first end gives one back.
    const claimed = holds.map((hold) => this.#claim(hold));
    this.expireGrants(now_ms, new Set([...ends, ...holds].map(({ workspace }) => workspace)));
    const ended = ends.map((end) => this.#end(end));
    this.#setCaps(holds.flatMap(({ legs }) => legs));
    const held = holds.map((hold, index) => claimed[index] ?? this.#hold(hold));
    for (const [index, hold] of holds.entries()) {
      if (held[index]?.startsWith('denied') === true) this.#giveBackKey(hold.id);
    }
    return { ends: ended, holds: held };
  }

  due(now_ms: number): ModelHold[] {
    return [...this.holds.values()].filter((hold) => hold.state === 'open' && hold.expires_ms <= now_ms);
  }

  #claim({ id, workspace, key }: AskHold): string | undefined {
    if (key === null) return undefined;
    const name = `${workspace} ${key.name}`;
    const owner = this.keys.get(name);
    if (owner === undefined) this.keys.set(name, { hash: key.hash, hold: id });
    else return owner.hash === key.hash ? `replay ${owner.hold}` : 'mismatch';
    return undefined;
  }

  /** Two callers that bring different caps for one meter in one batch get the smaller. */
  #setCaps(legs: readonly ModelLeg[]): void {
    const caps = new Map<string, bigint>();
    for (const { meter, kind, cap } of legs) {
      this.#meter(meter, kind);
      if (cap !== null) caps.set(meter, min(cap, caps.get(meter) ?? cap));
    }
    for (const [id, cap] of caps) this.#meter(id, 'quota').cap = cap;
  }

  #hold(hold: AskHold): string {
    for (const [index, { meter, kind, amount, exposure }] of hold.legs.entries()) {
      const { cap } = this.#meter(meter, kind);
      const before = exposure ? hold.legs[index - 1] : undefined;
      const left = cap - this.#taken(meter, kind) - (before ? this.#taken(before.meter, before.kind) + before.amount : 0n);
      if (amount > left) return `denied ${index} ${left}`;
    }
    for (const { meter, kind, amount } of hold.legs) this.#meter(meter, kind).held += amount;
    const credits = hold.legs.find(({ kind }) => kind === 'credit')?.amount ?? 0n;
    const { id, workspace, expires_ms, legs } = hold;
    this.holds.set(id, {
      id,
      workspace,
      expires_ms,
      legs,
      draws: this.#draw(workspace, credits),
      state: 'open',
      actuals: legs.map(() => 0n),
    });
    return 'held';
  }

  #taken(meter: string, kind: ModelClass): bigint {
    const { held, used, unreconciled, overrun } = this.#meter(meter, kind);
    return held + used + unreconciled + overrun;
  }

  /** Soonest expiry first, then what was given before what was bought, then the oldest. */
  #draw(workspace: string, credits: bigint): { grant: string; amount: bigint }[] {
    const burn = [...this.grants.values()]
      .filter((grant) => grant.workspace === workspace && !grant.lapsed)
      .toSorted(
        (a, b) => (a.expires_ms ?? Infinity) - (b.expires_ms ?? Infinity) || a.priority - b.priority || (a.id < b.id ? -1 : 1),
      );
    const draws: { grant: string; amount: bigint }[] = [];
    let wanted = credits;
    for (const grant of burn) {
      const amount = min(wanted, grant.amount - grant.used - grant.held - grant.expired);
      if (amount <= 0n) continue;
      grant.held += amount;
      wanted -= amount;
      draws.push({ grant: grant.id, amount });
    }
    if (wanted > 0n) throw new Error(`the grants of ${workspace} are ${wanted} short of what its credit meter admitted`);
    return draws;
  }

  #end({ hold: id, kind, actuals }: AskEnd): string {
    const hold = this.holds.get(id);
    if (hold === undefined) return 'unknown';
    const before = hold.state;
    const cost = hold.legs.findIndex(({ meter }) => meter === this.costMeter(hold.workspace));
    if (before === 'open') this.#endOpen(hold, kind, actuals, cost);
    else if (before === 'expired' && kind !== 'unresolved') this.#reconcile(hold, kind, actuals, cost);
    return before;
  }

  #endOpen(hold: ModelHold, kind: AskEnd['kind'], actuals: readonly bigint[], cost: number): void {
    const books = this.#book(hold.workspace);
    for (const [index, leg] of hold.legs.entries()) {
      const meter = this.#meter(leg.meter, 'quota');
      const actual = kind === 'settle' ? (actuals[index] ?? 0n) : 0n;
      meter.held -= leg.amount;
      if (meter.kind !== 'gauge') meter.used += min(actual, leg.amount);
      if (meter.kind === 'cost' || meter.kind === 'quota') meter.overrun += excess(actual, leg.amount);
      if (meter.kind === 'cost' && kind === 'unresolved') meter.unreconciled += leg.amount;
      if (meter.kind === 'credit') books.spent += min(actual, leg.amount);
      if (meter.kind === 'credit') this.#release(hold, min(actual, leg.amount));
      if (index === cost) {
        books.cost += min(actual, leg.amount);
        books.overrun += excess(actual, leg.amount);
        if (kind === 'unresolved') books.unreconciled += leg.amount;
      }
    }
    if (kind === 'settle') hold.actuals = actuals;
    else this.#giveBackKey(hold.id);
    hold.state = kind === 'settle' ? 'settled' : kind === 'void' ? 'voided' : 'expired';
  }

  /** An unresolved cost becomes known; credits and quotas were given back and stay so. */
  #reconcile(hold: ModelHold, kind: AskEnd['kind'], actuals: readonly bigint[], cost: number): void {
    const books = this.#book(hold.workspace);
    for (const [index, leg] of hold.legs.entries()) {
      const meter = this.#meter(leg.meter, 'quota');
      if (meter.kind !== 'cost') continue;
      const actual = kind === 'settle' ? (actuals[index] ?? 0n) : 0n;
      meter.unreconciled -= leg.amount;
      meter.used += min(actual, leg.amount);
      meter.overrun += excess(actual, leg.amount);
      if (index !== cost) continue;
      books.unreconciled -= leg.amount;
      books.cost += min(actual, leg.amount);
      books.overrun += excess(actual, leg.amount);
    }
    if (kind === 'settle') hold.actuals = actuals;
    hold.state = 'reconciled';
  }

  /** What was charged burns in the order it was drawn; the rest returns to where it came from, and lapses where that has lapsed. */
  #release(hold: ModelHold, charged: bigint): void {
    let left = charged;
    for (const { grant: id, amount } of hold.draws) {
      const grant = this.grants.get(id);
      if (grant === undefined) throw new Error(`${hold.id} drew from ${id}, which is no grant`);
      const spent = min(left, amount);
      left -= spent;
      grant.held -= amount;
      grant.used += spent;
      if (grant.lapsed) this.#lapse(grant, amount - spent);
    }
  }

  #lapse(grant: ModelGrant, unspent: bigint): void {
    grant.expired += unspent;
    this.#meter(this.creditMeter(grant.workspace), 'credit').cap -= unspent;
    this.#book(grant.workspace).lapsed += unspent;
  }

  #giveBackKey(hold: string): void {
    for (const [name, key] of this.keys) if (key.hold === hold) this.keys.delete(name);
  }

  #meter(id: string, kind: ModelClass): ModelMeter {
    let meter = this.meters.get(id);
    if (meter === undefined) {
      meter = { kind, cap: 0n, held: 0n, used: 0n, unreconciled: 0n, overrun: 0n };
      this.meters.set(id, meter);
    }
    return meter;
  }

  #book(workspace: string): ModelBooks {
    let books = this.books.get(workspace);
    if (books === undefined) {
      books = { granted: 0n, spent: 0n, lapsed: 0n, cost: 0n, overrun: 0n, unreconciled: 0n };
      this.books.set(workspace, books);
    }
    return books;
  }
}
