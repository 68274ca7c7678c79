import { createHash } from 'node:crypto';

import { PLATFORM, type WorkspaceId } from '@purser/core';

/**
 * What happens to an amount when its hold ends.
 * - `cost`: money we owe a provider. Unresolved it stays counted, as unreconciled.
 * - `quota`: what a plan grants per window. Unresolved it is given back.
 * - `credit`: what a customer spends, drawn from grants in burn order. Unresolved it is given back.
 * - `gauge`: how much is going on at once (concurrency). Always given back.
 */
export type MeterClass = 'cost' | 'quota' | 'credit' | 'gauge';

/** A capped counter: whose, of what, over which window. Amounts are whole units (money: nano-units of `unit`). */
export interface MeterSpec {
  readonly workspace: WorkspaceId;
  readonly key: string;
  readonly unit: string;
  readonly class: MeterClass;
  readonly window_start: Temporal.Instant;
  /** Null: the window never ends. */
  readonly window_end: Temporal.Instant | null;
  /** Null: the cap is a fact of the database, not of the policy (credits: what was granted). */
  readonly cap: bigint | null;
}

/** A meter as it stands. What may still be admitted is `cap − held − used − unreconciled − overrun`. */
export interface MeterState {
  readonly id: string;
  readonly workspace: WorkspaceId;
  readonly key: string;
  readonly unit: string;
  readonly class: MeterClass;
  readonly window_start: Temporal.Instant;
  readonly window_end: Temporal.Instant | null;
  readonly cap: bigint;
  readonly held: bigint;
  readonly used: bigint;
  readonly unreconciled: bigint;
  readonly overrun: bigint;
}

const KINDS = { cost: 'c', quota: 'q', credit: 'r', gauge: 'g' } as const;

/** What a hold keeps of each leg's meter: a letter for its class, a capital where it is the platform's. */
export function meterKind(spec: MeterSpec): string {
  const kind = KINDS[spec.class];
  return spec.workspace === PLATFORM ? kind.toUpperCase() : kind;
}

const ids = new WeakMap<MeterSpec, string>();

/**
 * The name of a meter's row, the same on every server, so no look-up comes before a hold: a UUIDv8 of SHA-256.
 * The first half hashes the workspace, so the rows of one workspace lie together in the index and in the table.
 */
export function meterId(spec: MeterSpec): string {
  const known = ids.get(spec);
  if (known !== undefined) return known;
  const owner = createHash('sha256').update(spec.workspace).digest('hex');
  const self = createHash('sha256')
    .update(`${spec.workspace}\n${spec.key}\n${spec.unit}\n${spec.class}\n${spec.window_start.epochMilliseconds}`)
    .digest('hex');
  const id = `${owner.slice(0, 8)}-${owner.slice(8, 12)}-8${owner.slice(12, 15)}-8${self.slice(0, 3)}-${self.slice(3, 15)}`;
  ids.set(spec, id);
  return id;
}
