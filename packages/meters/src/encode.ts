import { BrokenInvariant, keepableJson, PLATFORM } from '@purser/base';

import { bigints, instants, integers, texts, uuids } from './array-parameter.ts';
import type { AttemptRecord, EndRequest, HoldRequest, Leg } from './hold.ts';
import { type MeterSpec, meterId } from './meter.ts';

/** The types of what `meters.apply` takes, in order. */
const TYPES =
  'timestamptz uuid[] uuid[] bigint[] jsonb ' +
  'uuid[] uuid[] timestamptz[] text[] text[] integer[] integer[] integer[] uuid[] bigint[] integer[] text[] text[] bigint[] text[] bigint[] text[] ' +
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
  const meters = new MeterTable(known);
  const legCounts: number[] = [];
  const legMeters: number[] = [];
  const legIds: string[] = [];
  const legAmounts: bigint[] = [];
  const creditLegs: number[] = [];
  const bases: number[] = [];
  for (const hold of holds) {
    bases.push(legMeters.length);
    let creditLeg = 0;
    const first = legMeters.length;
    for (const [index, leg] of hold.legs.entries()) {
      checkLeg(hold, leg);
      const place = meters.place(leg.meter);
      if (legMeters.indexOf(place, first) !== -1) broken(`hold ${hold.id} names the meter ${leg.meter.key} twice`);
      legMeters.push(place);
      legIds.push(meterId(leg.meter));
      legAmounts.push(leg.amount);
      if (leg.meter.class === 'credit') creditLeg = index + 1;
    }
    legCounts.push(hold.legs.length);
    creditLegs.push(creditLeg);
  }

  // What an end releases is known to the database alone; it may be a meter of the platform.
  const guards = new Set<string>(ends.length > 0 ? [PLATFORM] : []);
  for (const { workspace } of ends) guards.add(workspace);
  for (const hold of holds) for (const leg of hold.legs) guards.add(leg.meter.workspace);
  for (const { workspace } of holds) guards.add(workspace);

  const firsts: number[] = [];
  const actuals: bigint[] = [];
  for (const end of ends) {
    firsts.push(actuals.length + 1);
    if (end.kind === 'settle') for (const actual of end.actuals) actuals.push(actual);
  }

  const keyed = holds.some((hold) => hold.idempotency !== undefined);
  // A hold that is settled without an answer keeps its key; any other end touches it.
  const keys = ends.some((end) => end.kind !== 'settle' || (end.answer ?? '') !== '');
  const attempts = ends.flatMap((end) => (end.attempts ?? []).map((attempt, index) => attemptRow(end, attempt, index + 1)));
  return {
    meters: meters.ids,
    values: [
      now.toString(),
      uuids([...guards]),
      uuids(meters.ids),
      bigints(meters.caps),
      meters.fresh.length > 0 ? JSON.stringify(meters.fresh) : null,
      uuids(holds.map((hold) => hold.id)),
      uuids(holds.map((hold) => hold.workspace)),
      instants(holds.map((hold) => hold.expires_at)),
      keyed ? texts(holds.map((hold) => hold.idempotency?.key ?? '')) : null,
      keyed ? texts(holds.map((hold) => hold.idempotency?.request_hash ?? '')) : null,
      integers(bases),
      integers(legCounts),
      integers(legMeters),
      uuids(legIds),
      bigints(legAmounts),
      integers(creditLegs),
      texts(holds.map((hold) => hold.plan)),
      texts(holds.map((hold) => hold.provider)),
      bigints(holds.map((hold) => hold.cost.amount)),
      texts(holds.map((hold) => hold.cost.unit)),
      bigints(holds.map((hold) => hold.reported.amount)),
      texts(holds.map((hold) => hold.reported.unit)),
      uuids(ends.map((end) => end.hold)),
      texts(ends.map((end) => end.kind)),
      integers(firsts),
      bigints(actuals),
      bigints(ends.map((end) => (end.kind === 'settle' ? end.cost : 0n))),
      bigints(ends.map((end) => (end.kind === 'settle' ? end.reported : 0n))),
      texts(ends.map((end) => (end.kind === 'settle' ? end.provider : ''))),
      keys ? texts(ends.map((end) => (end.kind === 'settle' ? (end.answer ?? '') : ''))) : null,
      attempts.length > 0 ? keepableJson(attempts) : null,
    ],
  };
}

/** Asked of every leg of every call, so nothing is put into words before it is wrong. */
function checkLeg(hold: HoldRequest, { meter, amount }: Leg): void {
  if (amount < 0n) broken(`leg ${meter.key} of hold ${hold.id} is negative: ${amount}`);
  // The database reads a negative cap as "keep the one you have".
  if (meter.cap !== null && meter.cap < 0n) broken(`the cap of ${meter.key} is negative: ${meter.cap}`);
  // The end of a hold takes two guards, so a leg on anybody else's meter would be moved without a lock.
  if (meter.workspace !== hold.workspace && meter.workspace !== PLATFORM) {
    broken(`hold ${hold.id} has a leg on a meter of ${meter.workspace}`);
  }
}

function broken(what: string): never {
  throw new BrokenInvariant(what);
}

/** The distinct meters of a batch. Two requests that bring different caps for one meter get the smaller. */
class MeterTable {
  readonly ids: string[] = [];
  readonly caps: bigint[] = [];
  readonly fresh: unknown[] = [];
  readonly #places = new Map<string, number>();
  readonly #known: { has(id: string): boolean };

  constructor(known: { has(id: string): boolean }) {
    this.#known = known;
  }

  place(spec: MeterSpec): number {
    const id = meterId(spec);
    const cap = spec.cap ?? -1n;
    const at = this.#places.get(id);
    if (at !== undefined) {
      const other = this.caps[at - 1] ?? -1n;
      if (cap < other) this.caps[at - 1] = cap;
      return at;
    }
    this.ids.push(id);
    this.caps.push(cap);
    this.#places.set(id, this.ids.length);
    if (!this.#known.has(id)) this.fresh.push(meterRow(id, spec));
    return this.ids.length;
  }
}

function meterRow(id: string, spec: MeterSpec): unknown {
  return {
    id,
    workspace_id: spec.workspace,
    key: spec.key,
    unit: spec.unit,
    class: spec.class,
    window_start: spec.window_start.toString(),
    window_end: spec.window_end?.toString() ?? null,
    cap: String(spec.cap ?? 0n),
  };
}

function attemptRow(end: EndRequest, attempt: AttemptRecord, ordinal: number): unknown {
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
