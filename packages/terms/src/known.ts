import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { type Currency, currency } from '@purser/money';

import type { AllowedIn } from './allowed-in.ts';

/** A month as it is written. */
export interface MonthRow {
  readonly term: string;
  readonly month: number;
  readonly subscription: string;
  readonly kind: 'paid' | 'trial' | 'calendar';
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly plan: string;
  readonly version: string;
  /** Null: what the plan itself allows, as before there were terms. */
  readonly allowed: readonly AllowedIn[] | null;
  /** Spent of earlier months whose money went back since; null unit: nothing. */
  readonly owed: bigint;
  readonly owed_unit: Currency | null;
  readonly lapsed: boolean;
}

/** A part as it is written, and what became of its credits. */
export interface PartRow {
  readonly invoice: string;
  readonly ordinal: number;
  readonly term: string | null;
  readonly month: number;
  readonly due_at: Temporal.Instant;
  readonly net: bigint;
  readonly credits: bigint;
  readonly rolling: bigint;
  readonly rolling_until: Temporal.Instant | null;
  readonly granted: bigint;
  readonly taken: bigint;
  readonly steps: number;
  readonly opened: boolean;
}

export const MONTH_COLUMNS = `term, month, subscription, kind, starts_at as "from", ends_at as "to", plan, catalogue_version as version,
  allowed, owed, owed_unit, lapsed`;
const PART_COLUMNS = 'invoice, ordinal, term, month, due_at, net, credits, rolling, rolling_until, granted, taken, steps, opened';

/** A month as the database has it: amounts are text in JSON, for it has no whole numbers of that size. */
export type MonthRecord = Omit<MonthRow, 'allowed'> & {
  readonly allowed: readonly { readonly unit: string; readonly ceiling: string; readonly proven: string }[] | null;
};

export function monthOf(row: MonthRecord): MonthRow {
  const allowed = row.allowed?.map(({ unit, ceiling, proven }) => ({
    unit: currency(unit),
    ceiling: BigInt(ceiling),
    proven: BigInt(proven),
  }));
  return { ...row, allowed: allowed ?? null };
}

/** Of what is written all, or what is not closed. */
export type Reading = 'all' | 'open';

const WHERE: Readonly<Record<Reading, string>> = { all: 'workspace_id = $1', open: 'workspace_id = $1 and not closed' };

/** What is written of a workspace's terms; a caller that reads it to change it has its lock (`lockTerms`). */
export async function knownMonths(tx: Pick<Connection, 'query'>, workspace: WorkspaceId, reading: Reading): Promise<MonthRow[]> {
  const { rows } = await tx.query<MonthRecord>(
    `select ${MONTH_COLUMNS} from terms.month where ${WHERE[reading]} order by starts_at, ends_at, term, month`,
    [workspace],
  );
  return rows.map(monthOf);
}

export async function knownParts(tx: Pick<Connection, 'query'>, workspace: WorkspaceId, reading: Reading): Promise<PartRow[]> {
  const { rows } = await tx.query<PartRow>(`select ${PART_COLUMNS} from terms.part where ${WHERE[reading]}`, [workspace]);
  return rows;
}

/** Until the transaction ends nobody else changes the terms of this workspace. Taken before its row and before its counters. */
export async function lockTerms(tx: Connection, workspace: WorkspaceId): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('terms ' || $1::text, 4780))`, [workspace]);
}
