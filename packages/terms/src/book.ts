import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { divide, type ExchangeRates, findRate, ONE } from '@purser/money';

import type { PartRow } from './known.ts';
import { partName } from './reconcile.ts';
import type { CollectedInvoice } from './terms-of.ts';

/** An invoice as the books have it; nano-units of its currency. */
interface BookedRow {
  readonly invoice: string;
  readonly plan: string | null;
  readonly currency: string;
  readonly reported_unit: string;
  readonly rate_numerator: bigint;
  readonly rate_denominator: bigint;
  readonly revenue: bigint;
  readonly deferred: bigint;
  readonly tax: bigint;
  readonly fees: bigint;
}

type Booked = Pick<BookedRow, 'revenue' | 'deferred' | 'tax' | 'fees'>;

const COLUMNS = 'invoice, plan, currency, reported_unit, rate_numerator, rate_denominator, revenue, deferred, tax, fees';

/**
 * Brings the books to what is known of these invoices: only differences are posted. What an invoice brought in is `collected`; of it, what
 * is for a time that has come is revenue, and the rest `deferred` until then.
 */
export async function bookCollected(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  { invoices, due }: { readonly invoices: readonly CollectedInvoice[]; readonly due: ReadonlyMap<string, Due> },
  fx: ExchangeRates,
): Promise<void> {
  const targets = invoices.map((one) => ({ one, to: bookedAs(one, due.get(one.fact.invoice)) }));
  const known = await bookedOtherwise(tx, workspace, targets);
  for (const { one, to } of targets) {
    const { invoice, currency } = one.fact;
    if (!known.has(invoice)) continue;
    const row = known.get(invoice) ?? (await begin(tx, workspace, one, fx));
    await post(tx, now, workspace, { ...row, currency, plan: one.plan ?? row.plan }, to);
  }
}

/** Of a term that is not known yet there is nothing to wait for. */
function bookedAs({ net, tax, fees }: CollectedInvoice, parts: Due | undefined): Booked {
  const revenue = parts === undefined || parts.all === 0n ? net : divide(net * parts.due, parts.all, 'down');
  return { revenue, deferred: net - revenue, tax, fees };
}

/** Those that the books have otherwise, with what they have; undefined: nothing yet. A subscriber of years has hundreds, and an event changes one. */
async function bookedOtherwise(
  tx: Connection,
  workspace: WorkspaceId,
  targets: readonly { readonly one: CollectedInvoice; readonly to: Booked }[],
): Promise<Map<string, BookedRow | undefined>> {
  const { rows } = await tx.query<{ wanted: string } & { [member in keyof BookedRow]: BookedRow[member] | null }>(
    `select t.wanted, ${COLUMNS} from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) t (wanted, r, d, x, f)
     left join terms.collected c on c.invoice = t.wanted and c.workspace_id = $1
     where c.invoice is null or (c.revenue, c.deferred, c.tax, c.fees) <> (t.r, t.d, t.x, t.f)`,
    [
      workspace,
      targets.map(({ one }) => one.fact.invoice),
      targets.map(({ to }) => to.revenue),
      targets.map(({ to }) => to.deferred),
      targets.map(({ to }) => to.tax),
      targets.map(({ to }) => to.fees),
    ],
  );
  return new Map(rows.map(({ wanted, ...row }) => [wanted, row.invoice === null ? undefined : (row as BookedRow)]));
}

/** Revenue of what has come to be due since: nothing else of these invoices has changed. */
export async function bookDue(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  invoices: readonly string[],
): Promise<void> {
  const known = await bookedOf(tx, workspace, invoices);
  const due = await writtenDue(tx, workspace, now, invoices);
  for (const row of known.values()) {
    const parts = due.get(row.invoice);
    if (parts === undefined || parts.all === 0n) continue;
    const net = row.revenue + row.deferred;
    const revenue = divide(net * parts.due, parts.all, 'down');
    await post(tx, now, workspace, row, { ...row, revenue, deferred: net - revenue });
  }
}

async function bookedOf(tx: Connection, workspace: WorkspaceId, invoices: readonly string[]): Promise<Map<string, BookedRow>> {
  const { rows } = await tx.query<BookedRow>(
    `select ${COLUMNS} from terms.collected where workspace_id = $1 and invoice = any ($2::text[]) order by invoice`,
    [workspace, invoices],
  );
  return new Map(rows.map((row) => [row.invoice, row]));
}

/** Of an invoice what all its parts are, and those that are due. */
interface Due {
  readonly all: bigint;
  readonly due: bigint;
}

/** By invoice; `opened`: parts that were opened since they were read. */
export function dueOf(
  parts: readonly PartRow[],
  opened: { readonly parts: ReadonlySet<string> },
  now: Temporal.Instant,
): Map<string, Due> {
  const sums = new Map<string, { all: bigint; due: bigint }>();
  for (const part of parts) {
    const sum = sums.get(part.invoice) ?? { all: 0n, due: 0n };
    sum.all += part.net;
    if (part.opened || opened.parts.has(partName(part)) || Temporal.Instant.compare(part.due_at, now) <= 0) sum.due += part.net;
    sums.set(part.invoice, sum);
  }
  return sums;
}

async function writtenDue(
  tx: Connection,
  workspace: WorkspaceId,
  now: Temporal.Instant,
  invoices: readonly string[],
): Promise<Map<string, Due>> {
  const { rows } = await tx.query<{ invoice: string } & Due>(
    `select invoice, sum(net)::bigint as all, coalesce(sum(net) filter (where due_at <= $2 or opened), 0)::bigint as due
     from terms.part where workspace_id = $1 and invoice = any ($3::text[]) group by invoice`,
    [workspace, now.toString(), invoices],
  );
  return new Map(rows.map((row) => [row.invoice, row]));
}

/** Reported in the currency of the plan, at the plain rate of the moment it came to be known; without a stated one in its own. */
async function begin(tx: Connection, workspace: WorkspaceId, one: CollectedInvoice, fx: ExchangeRates): Promise<BookedRow> {
  const { invoice, currency } = one.fact;
  const rate = findRate(fx, currency, one.reported_unit);
  const { rows } = await tx.query<BookedRow>(
    `insert into terms.collected (workspace_id, invoice, plan, currency, reported_unit, rate_numerator, rate_denominator)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
    [
      workspace,
      invoice,
      one.plan ?? null,
      currency,
      rate ? one.reported_unit : currency,
      (rate ?? ONE).numerator,
      (rate ?? ONE).denominator,
    ],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a row that was written is there');
  return row;
}

async function post(tx: Connection, now: Temporal.Instant, workspace: WorkspaceId, row: BookedRow, to: Booked): Promise<void> {
  const released = smaller(to.revenue - row.revenue, row.deferred - to.deferred);
  const lines: [debit: string, credit: string, was: bigint, is: bigint][] = [
    ['deferred', 'revenue:subscription', row.revenue, row.revenue + released],
    ['collected', 'revenue:subscription', row.revenue + released, to.revenue],
    ['collected', 'deferred', row.deferred - released, to.deferred],
    ['collected', 'payable:tax', row.tax, to.tax],
    ['fees', 'payable:payments', row.fees, to.fees],
  ];
  const changes = lines.filter(([, , was, is]) => was !== is);
  if (changes.length === 0 && to.revenue === row.revenue && to.deferred === row.deferred) return;
  for (const [debit, credit, was, is] of changes) {
    const forward = is > was;
    // Differences of wholes, so that parts add up exactly in the reported currency too.
    const reported = reportedOf(row, is) - reportedOf(row, was);
    await tx.query('select ledger.post($1, $2, null, $3, $4, $5, $6, $7, $8, $9, $10)', [
      now.toString(),
      workspace,
      forward ? debit : credit,
      forward ? credit : debit,
      forward ? is - was : was - is,
      row.currency,
      forward ? reported : -reported,
      row.reported_unit,
      row.plan,
      `stripe:${row.invoice}`,
    ]);
  }
  await tx.query('update terms.collected set plan = $2, revenue = $3, deferred = $4, tax = $5, fees = $6 where invoice = $1', [
    row.invoice,
    row.plan,
    to.revenue,
    to.deferred,
    to.tax,
    to.fees,
  ]);
}

/** How much goes from deferred to revenue, or back. */
function smaller(revenue: bigint, deferred: bigint): bigint {
  if (revenue > 0n && deferred > 0n) return revenue < deferred ? revenue : deferred;
  if (revenue < 0n && deferred < 0n) return revenue > deferred ? revenue : deferred;
  return 0n;
}

function reportedOf({ rate_numerator, rate_denominator }: BookedRow, amount: bigint): bigint {
  return divide(amount * rate_numerator, rate_denominator, 'down');
}
