import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import type { Position } from '@purser/ledger';
import type { MeterSpec } from '@purser/meters';
import type { Money, Ratio } from '@purser/money';

import type { NewAlert } from './alert.ts';

/** What is to be watched of a workspace, or of the platform: its policy, as far as alerts need it. */
export interface Watched {
  readonly meters: readonly MeterSpec[];
  /** Of its people: times in texts are on their clock. */
  readonly timezone: string;
  /** What people call a quota; undefined for what is none, and for those that have a name here. */
  readonly nameOf?: (meter: Pick<MeterSpec, 'key' | 'class'>) => string | undefined;
  /** Of the catalog it bought from; empty: 70, 85 and 95 %. */
  readonly thresholds: readonly Ratio[];
  readonly period_start: Temporal.Instant;
  /** What a month may cost; an hour below a twentieth of it is never unusual. */
  readonly cost_cap: Money;
  /** More credits than this in any hour are flagged; absent: no limit. */
  readonly credits_hour_max?: bigint;
  /** What its terms themselves have to tell. */
  readonly alerts?: readonly NewAlert[];
}

/** Undefined: there is nothing to watch. */
export type Watch = (workspace: WorkspaceId, now: Temporal.Instant) => Promise<Watched | undefined> | Watched | undefined;

/** Rows that another package writes in the order of the ledger, read forward as alerts. */
export interface AlertSource {
  /** How far it was read is kept under this name: no other source bears it. */
  readonly name: string;
  /** The next alerts after a position, from at most `rows_max` rows below the horizon; `rows` says how many were read. */
  after(
    connection: Connection,
    position: Position,
    rows_max: number,
  ): Promise<{ readonly rows: number; readonly through: Position; readonly alerts: readonly NewAlert[] }>;
}
