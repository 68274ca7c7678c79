import type { SchemaMigrations } from '@purser/database';

export { Batcher, type BatcherOptions, type BatchObserver } from './batcher.ts';
export {
  burnsBefore,
  creditMeter,
  type GrantId,
  type GrantMade,
  grantsBetween,
  type GrantSource,
  grantCredits,
  grantMany,
  type NewGrant,
  type OpenGrant,
  openGrants,
} from './credits.ts';
export { type CostTaken, costTaken, endGrants } from './cost-taken.ts';
export type { Amount, AttemptRecord, EndOutcome, EndRequest, HoldOutcome, HoldRequest, HoldState, Leg } from './hold.ts';
export { type MeterClass, meterId, type MeterSpec, type MeterState } from './meter.ts';
export { Meters } from './meters.ts';
export { type Gift, listGifts, workspaceOfGift } from './gifts.ts';
export { type GrantState, lockGrants, readGrants, takeBack } from './take-back.ts';
export {
  bookLate,
  keepLostSettle,
  type LateCost,
  listUnresolved,
  type LostSettle,
  type Resolution,
  resolveUnresolved,
  type Unresolved,
  type UnresolvedQuery,
  unresolvedSince,
} from './unresolved.ts';
export { type MetersVerification, type Mismatch, verifyMeters } from './verify.ts';
export { type Window, windowAt, type WindowKind, type WindowPlace } from './window.ts';

export const metersMigrations: SchemaMigrations = { schema: 'meters', directory: new URL('../migrations/', import.meta.url) };
