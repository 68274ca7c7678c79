import { createHash } from 'node:crypto';

import { appendAudit } from '@purser/audit';
import { Fault, type HoldId, PLATFORM, type Refusal, refuse } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';
import { listUnresolved, resolveUnresolved, type Unresolved } from '@purser/meters';

import type { Charge } from './charge.ts';
import { resolveByBill } from './resolve-by-bill.ts';
import { dayOf, differenceOf, nameOf, type Sum, sumOf } from './sums.ts';

/** What a provider billed for whole days, beside what was booked for them. */
export interface ReconcileRequest {
  readonly provider: string;
  /** Those of the catalog. Any other is known when there are calls of it, or earlier reconciliations. */
  readonly providers: readonly string[];
  /** The first instant of a day in UTC, to that of another, which is not included. */
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly charges: AsyncIterable<Charge>;
  /** False: only compares. */
  readonly post: boolean;
  readonly actor: string;
  readonly now: Temporal.Instant;
}

export interface ReconciledLine {
  readonly day: string;
  /** As we name it where we know it, else as the provider does; empty when it does not say. */
  readonly model: string;
  readonly unit: string;
  readonly attempts: bigint;
  /** Nano-units: what calls were booked at, what is booked beside them for this day by earlier reconciliations, and what the provider says. */
  readonly booked: bigint;
  readonly posted_before: bigint;
  /** What unresolved calls take of it now. */
  readonly resolved: bigint;
  readonly billed: bigint;
  /** What is left: more billed than booked when positive. */
  readonly difference: bigint;
}

export interface Reconciled {
  readonly import_id: string;
  readonly lines: readonly ReconciledLine[];
  /** Unresolved calls that have a cost now: billed, or not billed at all. */
  readonly resolved: number;
  readonly unresolved_left: number;
  /** `compared`: nothing was written; `posted`; `known`: the same was posted before. */
  readonly outcome: 'compared' | 'posted' | 'known';
}

const DAYS_MAX = 92;
const KEYS_MAX = 20_000;
const UNRESOLVED_MAX = 10_000;
const RESOLVE_BATCH = 200;
const DAY_HOURS = 24;

/**
 * Compares what a provider says it billed with the books, resolves by it what nobody knew, and posts the rest: `cost` against
 * `payable:<provider>` for what it billed more, the same pair turned round for less, on the platform. A day counts as told in full, so
 * what an unresolved call cannot have cost of it is not billed. All of it or nothing; the same import, or a day told twice, posts once.
 */
export async function reconcile(pool: Pool, request: ReconcileRequest): Promise<Reconciled | Refusal> {
  const refusal = refuseSpan(request) ?? (await refuseProvider(pool, request));
  if (refusal !== undefined) return refusal;
  const { provider, from, to } = request;
  const calls = await listUnresolved(pool, { provider, from, to, resolved: true, limit: UNRESOLVED_MAX + 1 });
  if (calls.length > UNRESOLVED_MAX) {
    return refuse(
      'request_too_large',
      `more than ${UNRESOLVED_MAX} calls of these days ended unresolved; reconcile a shorter span`,
    );
  }
  const unresolved = calls.filter(({ resolved_at }) => resolved_at === null);
  const resolved = calls.filter(({ resolved_at }) => resolved_at !== null);
  const owners = await holdsByRequestId(pool, unresolved);
  const sums = await booked(pool, request, resolved);
  const exact = new Map<HoldId, bigint>();
  const told = createHash('sha256').update(`${provider} ${from.toString()} ${to.toString()}`);
  const models = new Set([...sums.values()].map(({ model }) => model));
  for await (const charge of request.charges) {
    if (Temporal.Instant.compare(charge.at, request.from) < 0 || Temporal.Instant.compare(charge.at, request.to) >= 0) continue;
    told.update(`\n${charge.at.toString()} ${charge.model} ${charge.request_id} ${charge.cost} ${charge.unit}`);
    const sum = sumOf(sums, dayOf(charge.at), nameOf(charge.model ?? '', models), charge.unit);
    sum.billed += charge.cost;
    const hold = charge.request_id === null ? undefined : owners.get(charge.request_id);
    if (hold !== undefined) exact.set(hold, (exact.get(hold) ?? 0n) + charge.cost);
    if (sums.size > KEYS_MAX)
      return refuse('request_too_large', `more than ${KEYS_MAX} days and models; reconcile a shorter span`);
  }
  const resolutions = resolveByBill(unresolved, exact, sums, models);
  const result = {
    import_id: told.digest('hex'),
    lines: linesOf(sums),
    resolved: resolutions.size,
    unresolved_left: unresolved.length - resolutions.size,
  };
  if (!request.post) return { ...result, outcome: 'compared' };
  return { ...result, outcome: (await post(pool, request, result, resolutions)) ? 'posted' : 'known' };
}

/** A misspelt name would find no call, and all of its bill would be posted beside what was booked under the right one. */
async function refuseProvider(pool: Pool, { provider, providers }: ReconcileRequest): Promise<Refusal | undefined> {
  if (providers.includes(provider)) return undefined;
  const { rows } = await pool.query<{ name: string }>(
    'select name from ledger.called_providers() name union select distinct provider from reconciliation.line',
  );
  const known = [...new Set([...providers, ...rows.map(({ name }) => name)])].toSorted();
  if (known.includes(provider)) return undefined;
  return refuse('invalid_request', `provider: got '${provider.slice(0, 50)}'; want one of ${known.join(', ')}`);
}

function refuseSpan({ from, to, now }: ReconcileRequest): Refusal | undefined {
  const whole = (instant: Temporal.Instant): boolean => instant.epochMilliseconds % (DAY_HOURS * 3_600_000) === 0;
  if (!whole(from) || !whole(to)) return refuse('invalid_request', 'want whole days in UTC: from and to are dates');
  const hours = from.until(to).total('hours');
  if (hours <= 0 || hours > DAYS_MAX * DAY_HOURS) {
    return refuse(
      'invalid_request',
      `want 1 to ${DAYS_MAX} days, the first before the day after the last; got ${hours / DAY_HOURS}`,
    );
  }
  if (Temporal.Instant.compare(to, now) > 0) {
    return refuse('invalid_request', 'the last day is not over yet: what it cost is known when it is');
  }
  return undefined;
}

async function booked(
  pool: Pool,
  { provider, from, to }: ReconcileRequest,
  resolved: readonly Unresolved[],
): Promise<Map<string, Sum>> {
  const sums = new Map<string, Sum>();
  const span = [provider, from.toString(), to.toString()];
  const calls = await pool.query<{ day: string; model: string; unit: string; attempts: bigint; cost: bigint }>(
    'select day::text, model, unit, attempts, cost from ledger.attempt_costs($1, $2, $3)',
    span,
  );
  for (const { day, model, unit, attempts, cost } of calls.rows) {
    const sum = sumOf(sums, day, model, unit);
    sum.attempts += attempts;
    sum.booked += cost;
  }
  const costs = await pool.query<{ hold_id: HoldId; cost: bigint }>(
    'select hold_id, cost from ledger.resolved_costs($1::uuid[])',
    [resolved.map(({ hold_id }) => hold_id)],
  );
  const cost_of = new Map(costs.rows.map(({ hold_id, cost }) => [hold_id, cost]));
  for (const one of resolved) {
    const sum = sumOf(sums, dayOf(one.since), one.model ?? '', one.cost_unit);
    sum.attempts += 1n;
    sum.booked += cost_of.get(one.hold_id) ?? 0n;
  }
  const before = await pool.query<{ day: string; model: string; unit: string; posted: bigint }>(
    `select day::text, model, unit, posted from reconciliation.line
     where provider = $1 and day >= ($2::timestamptz at time zone 'UTC')::date and day < ($3::timestamptz at time zone 'UTC')::date`,
    span,
  );
  for (const { day, model, unit, posted } of before.rows) sumOf(sums, day, model, unit).posted_before += posted;
  return sums;
}

async function holdsByRequestId(pool: Pool, unresolved: readonly Unresolved[]): Promise<Map<string, HoldId>> {
  const { rows } = await pool.query<{ hold_id: HoldId; request_id: string }>(
    'select hold_id, request_id from ledger.request_ids($1::uuid[])',
    [unresolved.map(({ hold_id }) => hold_id)],
  );
  return new Map(rows.map(({ hold_id, request_id }) => [request_id, hold_id]));
}

/** By day and model. */
function linesOf(sums: ReadonlyMap<string, Sum>): ReconciledLine[] {
  const named = [...sums.values()].map((sum) => ({ name: sum.day + sum.model, sum }));
  return named
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ sum }) => ({ ...sum, difference: differenceOf(sum) }));
}

async function post(
  pool: Pool,
  request: ReconcileRequest,
  { import_id, lines }: Pick<Reconciled, 'import_id' | 'lines'>,
  resolutions: ReadonlyMap<HoldId, bigint>,
): Promise<boolean> {
  const { provider, from, to, now, actor } = request;
  const differing = lines.filter(({ difference }) => difference !== 0n);
  return transaction(pool, async (connection) => {
    // Two that post at once would each post what the other has.
    await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 4783))', [provider]);
    const { rowCount } = await connection.query(
      `insert into reconciliation.import (import_id, provider, span_from, span_to, posted_at, actor, differences, resolved)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
      [import_id, provider, from.toString(), to.toString(), now.toString(), actor, differing.length, resolutions.size],
    );
    if (rowCount === 0) return false;
    await resolveAll(connection, now, [...resolutions]);
    for (const line of differing) await postLine(connection, request, import_id, line);
    await appendAudit(connection, {
      at: now,
      actor,
      workspace: null,
      action: 'costs.reconciled',
      subject: `provider:${provider}`,
      detail: { import_id, from: from.toString(), to: to.toString(), differences: differing.length, resolved: resolutions.size },
    });
    return true;
  });
}

function changedMeanwhile(): Fault {
  return new Fault('books of these days changed while they were compared; do it again', { retryable: true });
}

async function resolveAll(
  connection: Connection,
  now: Temporal.Instant,
  resolutions: readonly (readonly [HoldId, bigint])[],
): Promise<void> {
  for (let at = 0; at < resolutions.length; at += RESOLVE_BATCH) {
    const batch = resolutions.slice(at, at + RESOLVE_BATCH).map(([hold, cost]) => ({ hold, cost }));
    const resolved = await resolveUnresolved(connection, now, batch);
    if (resolved.length < batch.length) throw changedMeanwhile();
  }
}

async function postLine(
  connection: Connection,
  { provider, now }: ReconcileRequest,
  import_id: string,
  { day, model, unit, difference, posted_before }: ReconciledLine,
): Promise<void> {
  const pair = ['cost', `payable:${provider}`];
  const [debit, credit] = difference > 0n ? pair : pair.toReversed();
  // Under the lock: what was posted since it was compared has changed the same row.
  const { rowCount } = await connection.query(
    `insert into reconciliation.line as l (provider, day, model, unit, posted) values ($1, $2, $3, $4, $5)
     on conflict (provider, day, model, unit) do update set posted = l.posted + excluded.posted where l.posted = $6`,
    [provider, day, model, unit, difference, posted_before],
  );
  if (rowCount !== 1) throw changedMeanwhile();
  await connection.query('select ledger.post($1, $2, null, $3, $4, $5, $6, null, null, null, $7)', [
    now.toString(),
    PLATFORM,
    debit,
    credit,
    difference > 0n ? difference : -difference,
    unit,
    `reconciliation ${import_id.slice(0, 12)}: ${day} ${model}`,
  ]);
}
