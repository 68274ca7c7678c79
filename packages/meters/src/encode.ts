import { BrokenInvariant, PLATFORM } from '@purser/core';
import { toPostgresJson } from '@purser/database';

import { bigints, chars, instants, integers, texts, uuids } from './array-parameter.ts';
import type { AttemptRecord, EndRequest, HoldRequest, Leg } from './hold.ts';
import { type MeterSpec, meterId, meterKind } from './meter.ts';

/** The types of what `meters.apply` takes, in order. */
const TYPES =
  'timestamptz uuid[] uuid[] integer[] integer[] uuid[] bigint[] text ' +
  'uuid[] uuid[] timestamptz[] text[] text[] integer[] integer[] integer[] uuid[] "char"[] bigint[] integer[] integer[] text[] text[] bigint[] text[] bigint[] text[] ' +
  'uuid[] text[] integer[] bigint[] bigint[] bigint[] text[] text[] jsonb';

export const APPLY = `select verdicts::text, lefts::text, others::text, states::text, places::text, credits::text
  from meters.apply(${TYPES.split(' ')
    .map((type, index) => `$${index + 1}::${type}`)
    .join(', ')})`;

export interface EncodedBatch {
  readonly values: unknown[];
  /** The meters the batch names, so that they count as known once it has committed. */
  readonly meters: readonly string[];
}

/** Turns a batch into the parallel arrays that `meters.apply` takes. `known` holds the ids of meters that surely exist. */
export function encodeBatch(
  now: Temporal.Instant,
  holds: readonly HoldRequest[],
  ends: readonly EndRequest[],
  known: { has(id: string): boolean },
): EncodedBatch {
  const table = new MeterTable(known);
  for (const hold of holds) {
    for (const leg of hold.legs) {
      checkLeg(hold, leg);
      table.add(leg.meter);
    }
  }
  const meters = table.laidOut();
  const legs = encodeLegs(holds, table);

  // What an end releases is known to the database alone; it may be a meter of the platform.
  const workspaces = new Set<string>(ends.length > 0 ? [PLATFORM] : []);
  for (const { workspace } of ends) workspaces.add(workspace);
  for (const workspace of meters.workspaces) workspaces.add(workspace);
  for (const { workspace } of holds) workspaces.add(workspace);

  return {
    meters: meters.ids,
    values: [
      now.toString(),
      uuids([...workspaces]),
      uuids(meters.workspaces),
      integers(meters.firsts),
      integers(meters.counts),
      uuids(meters.ids),
      bigints(meters.caps),
      meters.fresh.length > 0 ? JSON.stringify(meters.fresh) : null,
      ...holdColumns(holds, legs),
      ...endColumns(ends),
    ],
  };
}

interface EncodedLegs {
  readonly counts: number[];
  /** Of each hold: where its legs begin. */
  readonly bases: number[];
  readonly meters: number[];
  readonly ids: string[];
  readonly kinds: string[];
  readonly amounts: bigint[];
  /** Of each hold, counted from 1: its leg of credits, and the one that is exposed; 0: none. */
  readonly credit: number[];
  readonly exposed: number[];
}

function encodeLegs(holds: readonly HoldRequest[], table: MeterTable): EncodedLegs {
  const legs: EncodedLegs = { counts: [], bases: [], meters: [], ids: [], kinds: [], amounts: [], credit: [], exposed: [] };
  for (const hold of holds) {
    let creditLeg = 0;
    let exposedLeg = 0;
    const first = legs.meters.length;
    legs.bases.push(first);
    for (const [index, leg] of hold.legs.entries()) {
      const place = table.place(leg.meter);
      if (legs.meters.indexOf(place, first) !== -1) broken(`hold ${hold.id} names the meter ${leg.meter.key} twice`);
      legs.meters.push(place);
      legs.ids.push(meterId(leg.meter));
      legs.kinds.push(meterKind(leg.meter));
      legs.amounts.push(leg.amount);
      if (leg.meter.class === 'credit') creditLeg = index + 1;
      if (leg.exposure === true) exposedLeg = checkExposure(hold, index);
    }
    legs.counts.push(hold.legs.length);
    legs.credit.push(creditLeg);
    legs.exposed.push(exposedLeg);
  }
  return legs;
}

function holdColumns(holds: readonly HoldRequest[], legs: EncodedLegs): unknown[] {
  const keyed = holds.some((hold) => hold.idempotency !== undefined);
  return [
    uuids(holds.map((hold) => hold.id)),
    uuids(holds.map((hold) => hold.workspace)),
    instants(holds.map((hold) => hold.expires_at)),
    keyed ? texts(holds.map((hold) => hold.idempotency?.key ?? '')) : null,
    keyed ? texts(holds.map((hold) => hold.idempotency?.request_hash ?? '')) : null,
    integers(legs.bases),
    integers(legs.counts),
    integers(legs.meters),
    uuids(legs.ids),
    chars(legs.kinds),
    bigints(legs.amounts),
    integers(legs.credit),
    legs.exposed.some((leg) => leg > 0) ? integers(legs.exposed) : null,
    texts(holds.map((hold) => hold.plan)),
    texts(holds.map((hold) => hold.provider)),
    bigints(holds.map((hold) => hold.cost.amount)),
    texts(holds.map((hold) => hold.cost.unit)),
    bigints(holds.map((hold) => hold.reported.amount)),
    texts(holds.map((hold) => hold.reported.unit)),
  ];
}

/** As `meters.apply` calls the end of a hold whose cost nobody knows. */
const UNRESOLVED = 'doubt';

function endColumns(ends: readonly EndRequest[]): unknown[] {
  const firsts: number[] = [];
  const actuals: bigint[] = [];
  for (const end of ends) {
    firsts.push(actuals.length + 1);
    if (end.kind === 'settle') for (const actual of end.actuals) actuals.push(actual);
  }
  // A hold that is settled without an answer keeps its key; any other end touches it.
  const keys = ends.some((end) => end.kind !== 'settle' || (end.answer ?? '') !== '');
  const attempts = ends.flatMap((end) => (end.attempts ?? []).map((attempt, index) => attemptRow(end, attempt, index + 1)));
  return [
    uuids(ends.map((end) => end.hold)),
    texts(ends.map((end) => (end.kind === 'unresolved' ? (end.why ?? UNRESOLVED) : end.kind))),
    integers(firsts),
    bigints(actuals),
    bigints(ends.map((end) => (end.kind === 'settle' ? end.cost : 0n))),
    bigints(ends.map((end) => (end.kind === 'settle' ? end.reported : 0n))),
    texts(ends.map((end) => (end.kind === 'settle' ? end.provider : ''))),
    keys ? texts(ends.map((end) => (end.kind === 'settle' ? (end.answer ?? '') : ''))) : null,
    attempts.length > 0 ? toPostgresJson(attempts) : null,
  ];
}

/** Asked of every leg of every call, so nothing is put into words before it is wrong. */
function checkLeg(hold: HoldRequest, { meter, amount }: Leg): void {
  if (amount < 0n) broken(`leg ${meter.key} of hold ${hold.id} is negative: ${amount}`);
  // The database reads a negative cap as "keep the one you have".
  if (meter.cap !== null && meter.cap < 0n) broken(`the cap of ${meter.key} is negative: ${meter.cap}`);
  // The end of a hold locks two counter rows, so a leg on anybody else's meter would be moved without a lock.
  if (meter.workspace !== hold.workspace && meter.workspace !== PLATFORM) {
    broken(`hold ${hold.id} has a leg on a meter of ${meter.workspace}`);
  }
}

/** The place (from 1) of an exposure, which stands after the cost that it may add to. */
function checkExposure(hold: HoldRequest, index: number): number {
  const cost = hold.legs[index - 1]?.meter;
  if (cost?.class !== 'cost' || cost.cap === null)
    broken(`the exposure of hold ${hold.id} does not stand after a cost with a cap`);
  return index + 1;
}

function broken(what: string): never {
  throw new BrokenInvariant(what);
}

/** The distinct meters of a batch, those of one workspace together: their counters stand in one row. */
interface LaidOut {
  readonly workspaces: readonly string[];
  /** Where the meters of each workspace begin (from 1), and how many they are. */
  readonly firsts: readonly number[];
  readonly counts: readonly number[];
  readonly ids: readonly string[];
  /** −1: the stored one. */
  readonly caps: readonly bigint[];
  /** Rows that describe those of them that are not known to exist. */
  readonly fresh: readonly unknown[];
}

interface Slot {
  readonly spec: MeterSpec;
  cap: bigint;
  place: number;
}

/** Gathers the distinct meters of a batch. Two requests that bring different caps for one meter get the smaller. */
class MeterTable {
  readonly #known: { has(id: string): boolean };
  readonly #slots = new Map<string, Slot>();
  readonly #rows = new Map<string, Slot[]>();

  constructor(known: { has(id: string): boolean }) {
    this.#known = known;
  }

  add(spec: MeterSpec): void {
    const id = meterId(spec);
    const cap = spec.cap ?? -1n;
    const slot = this.#slots.get(id);
    if (slot !== undefined) {
      if (cap < slot.cap) slot.cap = cap;
      return;
    }
    const added = { spec, cap, place: 0 };
    this.#slots.set(id, added);
    const row = this.#rows.get(spec.workspace);
    if (row === undefined) this.#rows.set(spec.workspace, [added]);
    else row.push(added);
  }

  /** The place (from 1) of a meter, once they are laid out. */
  place(spec: MeterSpec): number {
    return this.#slots.get(meterId(spec))?.place ?? broken(`the meter ${spec.key} is not of this batch`);
  }

  laidOut(): LaidOut {
    const firsts: number[] = [];
    const counts: number[] = [];
    const ids: string[] = [];
    const caps: bigint[] = [];
    const fresh: unknown[] = [];
    for (const slots of this.#rows.values()) {
      firsts.push(ids.length + 1);
      counts.push(slots.length);
      for (const slot of slots) {
        const id = meterId(slot.spec);
        ids.push(id);
        caps.push(slot.cap);
        slot.place = ids.length;
        if (!this.#known.has(id)) fresh.push(meterRow(id, slot.spec));
      }
    }
    return { workspaces: [...this.#rows.keys()], firsts, counts, ids, caps, fresh };
  }
}

export function meterRow(id: string, spec: MeterSpec): unknown {
  return {
    id,
    workspace_id: spec.workspace,
    key: spec.key,
    unit: spec.unit,
    class: spec.class,
    window_start: spec.window_start.toString(),
    window_end: spec.window_end?.toString() ?? null,
  };
}

export function attemptRow(end: Pick<EndRequest, 'hold' | 'workspace'>, attempt: AttemptRecord, ordinal: number): unknown {
  return {
    ...attempt,
    workspace_id: end.workspace,
    hold_id: end.hold,
    ordinal,
    started_at: attempt.started_at.toString(),
    cost: attempt.cost === null ? null : String(attempt.cost.amount),
    cost_unit: attempt.cost?.unit ?? null,
  };
}
