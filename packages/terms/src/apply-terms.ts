import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { costTaken } from '@purser/meters';
import { currency, type ExchangeRates } from '@purser/money';

import { bookCollected, dueOf } from './book.ts';
import { knownMonths, knownParts, type MonthRow, type PartRow, type Reading } from './known.ts';
import type { MonthPart, ServedMonth } from './months-served.ts';
import { settleParts } from './open-parts.ts';
import { owedBy, type RaisesSpent } from './owed.ts';
import { sumIn } from './proceeds.ts';
import { loosened, monthName, partName, placed } from './reconcile.ts';
import type { SoldPlan } from './sale-of.ts';
import type { Terms } from './terms-of.ts';

/** Which plan payments put a workspace on, and how many of its subscriptions were paid and live. */
export interface Subscriber {
  readonly plan: (SoldPlan & { readonly subscription: string }) | undefined;
  readonly subscribed: boolean;
  readonly living: number;
}

export interface Applied {
  readonly terms: Terms;
  readonly fx: ExchangeRates;
  readonly until: Temporal.Instant;
  /** `open`: these are the terms since a closing (`termsSince`). */
  readonly reading: Reading;
  /** Asked only where money went back or over to other months. */
  readonly raises: () => Promise<RaisesSpent>;
}

/**
 * Brings everything written of a workspace to the terms that follow from its payments, in the transaction of whatever changed them: months
 * and their ceilings, credits, and the books. What is so already is left alone. The caller has the lock (`lockTerms`).
 * `until`: what has happened by the provider's clock, which may be a little ahead of ours.
 * Returns what was written of its subscription before: a plan that is another one now is the caller's to move the workspace to.
 */
export async function applyTerms(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  { terms, fx, until, reading, raises }: Applied,
): Promise<Subscriber> {
  const known = { months: await knownMonths(tx, workspace, reading), parts: await knownParts(tx, workspace, reading) };
  const loose = loosened(known, terms, until);
  const spent = await spentIn(tx, workspace, loose, terms, fx);
  const { months, parts } = placed(known, terms, spent, until);
  const written = {
    months: await writeMonths(tx, workspace, known.months, months, spent),
    parts: await writeParts(tx, workspace, known.parts, parts),
  };
  const owes =
    terms.carried || terms.collected.some(({ fact }) => fact.reversed > 0n) || known.months.some(({ owed }) => owed > 0n);
  if (owes) await writeOwed(tx, workspace, months, await raises(), fx);
  const opened = await settleParts(tx, now, workspace, written, until);
  await bookCollected(tx, now, workspace, { invoices: terms.collected, due: dueOf(written.parts, opened, now) }, fx);
  return writeSubscriber(tx, workspace, terms);
}

/** Those of the months that have taken more than they would be left with. */
async function spentIn(
  tx: Connection,
  workspace: WorkspaceId,
  loose: readonly MonthRow[],
  { months }: Terms,
  fx: ExchangeRates,
): Promise<Set<string>> {
  const left = new Map(months.map((month) => [monthName(month), month.allowed]));
  const taken = await costTaken(
    tx,
    workspace,
    loose.map(({ from }) => from),
  );
  const spent = loose.filter((month) => {
    const own = taken.filter(({ window_start }) => window_start.equals(month.from));
    const allowed = left.get(monthName(month)) ?? [];
    // Every currency counts all that was spent: one in which it is too much is enough.
    return own.some(({ unit, taken: spending }) => {
      const may = sumIn(
        currency(unit),
        allowed.map((one) => ({ unit: one.unit, nanos: one.ceiling })),
        fx,
      );
      return spending > (may > 0n ? may : 0n);
    });
  });
  return new Set(spent.map(monthName));
}

/** All that is written then, in the order of time. */
async function writeMonths(
  tx: Connection,
  workspace: WorkspaceId,
  known: readonly MonthRow[],
  months: readonly ServedMonth[],
  spent: ReadonlySet<string>,
): Promise<MonthRow[]> {
  const rows = new Map(known.map((row) => [monthName(row), row]));
  const wanted = new Set(months.map(monthName));
  const gone = known.filter((row) => row.kind !== 'calendar' && !wanted.has(monthName(row)) && !spent.has(monthName(row)));
  if (gone.length > 0) {
    await tx.query(
      `delete from terms.month t using unnest($2::text[], $3::int[]) m (term, month)
       where t.workspace_id = $1 and t.term = m.term and t.month = m.month`,
      [workspace, gone.map(({ term }) => term), gone.map(({ month }) => month)],
    );
  }
  const changed = months.filter((month) => !sameMonth(rows.get(monthName(month)), month));
  if (changed.length === 0) return gone.length === 0 ? [...known] : known.filter((row) => !gone.includes(row));
  await tx.query(
    `insert into terms.month as t (workspace_id, term, month, subscription, kind, starts_at, ends_at, plan, catalogue_version, allowed)
     select $1, * from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::jsonb[])
     on conflict (workspace_id, term, month) do update set subscription = excluded.subscription, kind = excluded.kind, starts_at = excluded.starts_at,
       ends_at = excluded.ends_at, plan = excluded.plan, catalogue_version = excluded.catalogue_version,
       allowed = excluded.allowed`,
    [
      workspace,
      changed.map(({ term }) => term),
      changed.map(({ month }) => month),
      changed.map(({ subscription }) => subscription),
      changed.map(({ kind }) => kind),
      changed.map(({ from }) => from.toString()),
      changed.map(({ to }) => to.toString()),
      changed.map(({ plan }) => plan),
      changed.map(({ version }) => version),
      changed.map(({ allowed }) => jsonOf(allowed)),
    ],
  );
  const replaced = new Set([...gone, ...changed].map(monthName));
  const made = changed.map((month): MonthRow => ({ ...NEW_MONTH, ...rows.get(monthName(month)), ...month }));
  return [...known.filter((row) => !replaced.has(monthName(row))), ...made].toSorted(byBeginning);
}

const NEW_MONTH = { owed: 0n, owed_unit: null, lapsed: false } as const;

function byBeginning(one: MonthRow, other: MonthRow): number {
  return (
    Temporal.Instant.compare(one.from, other.from) ||
    Temporal.Instant.compare(one.to, other.to) ||
    (one.term < other.term ? -1 : one.term > other.term ? 1 : one.month - other.month)
  );
}

function sameMonth(row: MonthRow | undefined, month: ServedMonth): boolean {
  return (
    row !== undefined &&
    row.from.equals(month.from) &&
    row.to.equals(month.to) &&
    (['subscription', 'kind', 'plan', 'version'] as const).every((member) => row[member] === month[member]) &&
    jsonOf(row.allowed ?? []) === jsonOf(month.allowed)
  );
}

function jsonOf(allowed: ServedMonth['allowed']): string {
  return JSON.stringify(
    allowed.map(({ unit, ceiling, proven }) => ({ unit, ceiling: ceiling.toString(), proven: proven.toString() })),
  );
}

/** Money that went back though it was spent is owed by the months that follow. */
async function writeOwed(
  tx: Connection,
  workspace: WorkspaceId,
  months: readonly ServedMonth[],
  raises: RaisesSpent,
  fx: ExchangeRates,
): Promise<void> {
  const unit = months.at(-1)?.allowed[0]?.unit;
  if (unit === undefined) return;
  const inOrder = months.toSorted((one, other) => Temporal.Instant.compare(one.from, other.from));
  const taken = await costTaken(
    tx,
    workspace,
    inOrder.map(({ from }) => from),
  );
  const spent = inOrder.map(({ from, allowed }) => {
    const own = taken.filter(({ window_start }) => window_start.equals(from));
    const same = own.find((one) => one.unit === unit);
    const amounts = own.map((one) => sumIn(unit, [{ unit: currency(one.unit), nanos: one.taken }], fx));
    return { from, allowed, taken: same?.taken ?? amounts.reduce((most, one) => (one > most ? one : most), 0n) };
  });
  const owed = owedBy(spent, unit, raises, fx);
  await tx.query(
    `update terms.month t set owed = m.owed, owed_unit = $5 from unnest($2::text[], $3::int[], $4::bigint[]) m (term, month, owed)
     where t.workspace_id = $1 and t.term = m.term and t.month = m.month and (t.owed <> m.owed or (m.owed > 0 and t.owed_unit is distinct from $5))`,
    [workspace, inOrder.map(({ term }) => term), inOrder.map(({ month }) => month), owed, unit],
  );
}

/** All that is written then. */
async function writeParts(
  tx: Connection,
  workspace: WorkspaceId,
  known: readonly PartRow[],
  parts: readonly MonthPart[],
): Promise<PartRow[]> {
  const rows = new Map(known.map((row) => [partName(row), row]));
  const wanted = new Set(parts.map(partName));
  // A part that granted something is kept with nothing to it, so that what it granted goes back.
  const emptied = known.filter((row) => !wanted.has(partName(row))).map(emptyPart);
  const changed = [...parts.map(toRow), ...emptied].filter((part) => !samePart(rows.get(partName(part)), part));
  if (changed.length === 0) return [...known];
  await tx.query(
    `insert into terms.part as t (workspace_id, invoice, ordinal, term, month, due_at, net, credits, rolling, rolling_until)
     select $1, * from unnest($2::text[], $3::int[], $4::text[], $5::int[], $6::timestamptz[], $7::bigint[], $8::bigint[], $9::bigint[], $10::timestamptz[])
     on conflict (workspace_id, invoice, ordinal) do update set term = excluded.term, month = excluded.month, due_at = excluded.due_at,
       net = excluded.net, credits = excluded.credits, rolling = excluded.rolling, rolling_until = excluded.rolling_until`,
    [
      workspace,
      changed.map(({ invoice }) => invoice),
      changed.map(({ ordinal }) => ordinal),
      changed.map(({ term }) => term),
      changed.map(({ month }) => month),
      changed.map(({ due_at }) => due_at.toString()),
      changed.map(({ net }) => net),
      changed.map(({ credits }) => credits),
      changed.map(({ rolling }) => rolling),
      changed.map(({ rolling_until }) => rolling_until?.toString() ?? null),
    ],
  );
  const replaced = new Set(changed.map(partName));
  const made = changed.map((part): PartRow => ({ ...NEW_PART, ...rows.get(partName(part)), ...part }));
  return [...known.filter((row) => !replaced.has(partName(row))), ...made];
}

const NEW_PART = { granted: 0n, taken: 0n, steps: 0, opened: false } as const;

type WantedPart = Omit<PartRow, 'granted' | 'taken' | 'steps' | 'opened'>;

function toRow({ invoice, ordinal, term, month, due_at, net, credits, rolling, rolling_until }: MonthPart): WantedPart {
  return { invoice, ordinal, term: term ?? null, month, due_at, net, credits, rolling, rolling_until: rolling_until ?? null };
}

function emptyPart(row: PartRow): WantedPart {
  return { ...row, term: null, net: 0n, credits: 0n, rolling: 0n };
}

function samePart(row: PartRow | undefined, part: WantedPart): boolean {
  return (
    row !== undefined &&
    row.due_at.equals(part.due_at) &&
    row.rolling_until?.epochNanoseconds === part.rolling_until?.epochNanoseconds &&
    (['term', 'month', 'net', 'credits', 'rolling'] as const).every((member) => row[member] === part[member])
  );
}

async function writeSubscriber(tx: Connection, workspace: WorkspaceId, { plan, subscribed, living }: Terms): Promise<Subscriber> {
  const { rows } = await tx.query<{
    plan: string | null;
    version: string;
    subscription: string;
    subscribed: boolean;
    living: number;
  }>(
    'select plan, catalogue_version as version, subscription, subscribed, living from terms.subscriber where workspace_id = $1',
    [workspace],
  );
  const [row] = rows;
  const before: Subscriber = {
    plan: row?.plan ? { plan: row.plan, version: row.version, subscription: row.subscription } : undefined,
    subscribed: row?.subscribed ?? false,
    living: row?.living ?? 0,
  };
  const same =
    before.subscribed === subscribed &&
    before.living === living.length &&
    before.plan?.plan === plan?.plan &&
    before.plan?.version === plan?.version &&
    before.plan?.subscription === plan?.subscription;
  if (row && same) return before;
  await tx.query(
    `insert into terms.subscriber as t (workspace_id, subscription, plan, catalogue_version, subscribed, living) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id) do update set subscription = coalesce(excluded.subscription, t.subscription), plan = coalesce(excluded.plan, t.plan),
       catalogue_version = coalesce(excluded.catalogue_version, t.catalogue_version), subscribed = excluded.subscribed, living = excluded.living,
       agreed = t.agreed and (excluded.plan, excluded.catalogue_version, excluded.subscription)
         is not distinct from (t.plan, t.catalogue_version, t.subscription)`,
    [workspace, plan?.subscription ?? null, plan?.plan ?? null, plan?.version ?? null, subscribed, living.length],
  );
  return before;
}
