import type { Clock, WorkspaceId } from '@purser/core';
import { type Pool, transaction, workspaceTransaction } from '@purser/database';
import { paymentFees, soldOneByOneFees } from '@purser/catalog';
import type { Meters, MeterSpec } from '@purser/meters';
import { currency, type Money, money, multiply } from '@purser/money';
import { type Policy, soldMeter } from '@purser/policy';

/** Credits sold one by one in a billing period, as they go onto the customer's invoice. */
export interface InvoiceLine {
  readonly workspace: WorkspaceId;
  readonly plan: string;
  readonly period_start: Temporal.Instant;
  readonly period_end: Temporal.Instant;
  readonly credits: bigint;
  readonly price: Money;
  readonly amount: Money;
  /** Null: the period is not closed, so calls in it still count. */
  readonly closed_at: Temporal.Instant | null;
}

interface Row {
  readonly workspace: WorkspaceId;
  readonly plan: string;
  readonly period_start: Temporal.Instant;
  readonly period_end: Temporal.Instant;
  readonly price: bigint;
  readonly currency: string;
  readonly credits: bigint | null;
  readonly closed_at: Temporal.Instant | null;
}

const COLUMNS = 'workspace_id as workspace, plan, period_start, period_end, price, currency, credits, closed_at';
/** A call that was admitted in the last moment of a period, on a server whose clock is behind, ends well within it. */
const SETTLED_AFTER_H = 1;
const AT_ONCE_MAX = 200;

/** What was sold one by one in the billing period that holds `at`; nothing where nothing is sold so. */
export async function listInvoiceLines(
  pool: Pool,
  meters: Meters,
  workspace: WorkspaceId,
  at: Temporal.Instant,
): Promise<InvoiceLine[]> {
  const rows = await workspaceTransaction(pool, workspace, async (connection) => {
    const found = await connection.query<Row>(
      `select ${COLUMNS} from wallet.pay_as_you_go where workspace_id = $1 and period_start <= $2 and period_end > $2`,
      [workspace, at.toString()],
    );
    return found.rows;
  });
  const states = await meters.readOwn(workspace, rows.map(meterOf));
  return rows.map((row, index) => lineOf(row, row.credits ?? states[index]?.used ?? 0n));
}

/** Closes periods that are over and in which nothing is held any more: their line is final, and its amount is booked. Returns how many. */
export async function closePayAsYouGo(parts: {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Meters;
  /** Undefined: nobody knows the workspace; its fees count as none. */
  readonly policyOf: (workspace: WorkspaceId) => Promise<Policy | undefined>;
}): Promise<number> {
  const now = parts.clock.now();
  const { rows } = await parts.pool.query<Row>(
    `select ${COLUMNS} from wallet.pay_as_you_go where closed_at is null and period_end <= $1::timestamptz - interval '${SETTLED_AFTER_H} hour'
     order by period_end limit ${AT_ONCE_MAX}`,
    [now.toString()],
  );
  const states = await parts.meters.read(rows.map(meterOf));
  let closed = 0;
  for (const [index, row] of rows.entries()) {
    const state = states[index];
    if (state === undefined || state.held > 0n) continue;
    const plan = (await parts.policyOf(row.workspace))?.plan;
    if (await close(parts.pool, lineOf(row, state.used), plan, now)) closed += 1;
  }
  return closed;
}

/** The price that was sold at, and what the payment service keeps of it, counted once whoever closes. */
async function close(pool: Pool, line: InvoiceLine, plan: Policy['plan'] | undefined, now: Temporal.Instant): Promise<boolean> {
  const { workspace, amount } = line;
  const ours = plan?.price.currency === amount.currency ? plan : undefined;
  const fees = ours ? paymentFees(amount, soldOneByOneFees(ours)) : money(0n, amount.currency);
  return transaction(pool, async (connection) => {
    const { rowCount } = await connection.query(
      `update wallet.pay_as_you_go set credits = $3, closed_at = $4
       where workspace_id = $1 and period_start = $2 and closed_at is null`,
      [workspace, line.period_start.toString(), line.credits, now.toString()],
    );
    if (rowCount === 0) return false;
    const reason = `${line.credits} pay-as-you-go credits from ${line.period_start.toString()}`;
    for (const [debit, credit, nanos] of [
      ['receivable', 'revenue:pay_as_you_go', amount.nanos],
      ['fees', 'payable:payments', fees.nanos],
    ] as const) {
      if (nanos === 0n) continue;
      await connection.query('select ledger.post($1, $2, null, $3, $4, $5, $6, $5, $6, $7, $8)', [
        now.toString(),
        workspace,
        debit,
        credit,
        nanos,
        amount.currency,
        line.plan,
        reason,
      ]);
    }
    return true;
  });
}

function meterOf({ workspace, period_start, period_end }: Row): MeterSpec {
  return soldMeter(workspace, { start: period_start, end: period_end }, 0n);
}

function lineOf(row: Row, credits: bigint): InvoiceLine {
  const { currency: unit, price: nanos, ...rest } = row;
  const price = money(nanos, currency(unit));
  return { ...rest, credits, price, amount: multiply(price, credits) };
}
