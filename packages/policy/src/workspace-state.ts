import type { Ladder } from '@purser/catalog';
import type { ServedTerms } from '@purser/terms';

/** How far a ladder was climbed down when its meter was last seen to have crossed a level. */
export interface StoredLevel {
  readonly unit: string;
  readonly window_start: Temporal.Instant;
  readonly cap: bigint;
  readonly spent: bigint;
  /** Counted from 1; 0: none. */
  readonly level: number;
  readonly since: Temporal.Instant;
}

/** What is known of a workspace beside its row: where its ladder stands, and what its ceiling was raised by, and which terms it paid for. A change makes a new object. */
export interface WorkspaceState {
  /** By the name of the ladder. */
  readonly levels: ReadonlyMap<string, StoredLevel>;
  /** Of one billing period; of another it counts for nothing until it has been carried over. */
  readonly raised: Raised | undefined;
  /** What was collected for which time; undefined: it never paid by a subscription. */
  readonly terms: ServedTerms | undefined;
}

export interface Raised {
  readonly unit: string;
  readonly period_start: Temporal.Instant;
  /** Less than nothing: raises that went back though they were spent. */
  readonly nanos: bigint;
  /** The most it was within the period. */
  readonly peak: bigint;
}

export const NOTHING_KNOWN: WorkspaceState = Object.freeze({ levels: new Map(), raised: undefined, terms: undefined });

/** A level that is in force. */
export interface ActiveLevel {
  readonly ladder: Ladder;
  /** Counted from 1. */
  readonly level: number;
}
