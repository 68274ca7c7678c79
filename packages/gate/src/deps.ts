import type { Clock, WorkspaceId } from '@purser/core';
import type { Workspace } from '@purser/identity';
import type { RateLimiter } from '@purser/limits';
import type { Carrier } from '@purser/mail';
import type { HoldRequest, Meters, MeterSpec } from '@purser/meters';
import type { Policy } from '@purser/policy';
import type { LimitProof, Provider, Upstream } from '@purser/providers';

import type { RouteStates } from '@purser/routing';

import type { Refused } from './admission/refused.ts';
import type { CallReport } from './execution/call-watch.ts';
import type { BackgroundWork, InFlight } from './execution/in-flight.ts';
import type { ProviderFailure } from './execution/provider-failure.ts';
import type { Bill } from './gate.ts';
import type { Tasks } from './tasks/registry.ts';
import type { Task } from './tasks/task.ts';

/** The providers of texts that can be called, by id. */
export interface ProviderDirectory {
  readonly configured: ReadonlySet<string>;
  get(id: string): Provider | undefined;
  /** For providers that speak OpenAI's wire format themselves. */
  upstream(id: string): Upstream | undefined;
  /** What is known of how it keeps output limits; absent: it does. */
  proof?(id: string): LimitProof | undefined;
}

type MemberLimits = readonly MeterSpec[] | undefined;

/** Where a test may stop a call to see what a crash there leaves behind. */
export type PausePoint = 'before hold' | 'after hold' | 'mid stream' | 'before settle' | 'after settle';

export interface GateDeps {
  readonly clock: Clock;
  readonly meters: Meters;
  readonly rates: RateLimiter;
  readonly providers: ProviderDirectory;
  /** What brings e-mail to mailboxes; absent: nothing does. */
  readonly carriers?: readonly Carrier[];
  /** Kinds of work besides those the gate knows. */
  readonly tasks?: readonly Task[];
  /** What a workspace may do at that instant; at hand without waiting. */
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Policy;
  /** The workspace as it stands now, at once when that is in memory: asked when a hold is written, before a provider is. */
  readonly workspaceNow?: (id: WorkspaceId) => Workspace | undefined | Promise<Workspace | undefined>;
  /** Hears of every call that took something from the meters of its policy. */
  readonly onSpent?: (policy: Policy) => void;
  /** Makes sure the workspace's billing period has begun: its price booked, its credits granted. Cheap when it has. */
  readonly openPeriod: (policy: Policy, now: Temporal.Instant) => Promise<void> | undefined;
  /** The meters a member's call takes from besides its workspace's, where credits were allocated to it. At once when known. */
  readonly memberMeters: (policy: Policy, member: string | undefined) => MemberLimits | Promise<MemberLimits>;
  /** The whole of a call, fallbacks included. */
  readonly call_timeout_ms: number;
  /** How long and how far a stream is read on for its usage after its client has left. */
  readonly drain: { readonly timeout_ms: number; readonly bytes_max: number };
  /** Whether a model may be called now, for whom, and why not. */
  readonly routes: RouteStates;
  /** Hears what each call came to that is booked: plain, streamed, left or failed after its bill. For figures; the books are the ledger. */
  readonly onBilled?: (bill: Bill) => void;
  /** Hears of each call that a provider failed or refused, for the operator. */
  readonly onProviderFailure?: (failure: ProviderFailure) => void;
  /** Hears of a settlement whose hold the database did not know; its cost is in the books as unresolved. */
  readonly onLost?: (hold: HoldRequest) => void;
  /** Hears of what failed with nobody waiting for it, as a settle while the database was away for too long. */
  readonly onBackgroundFailure?: (work: BackgroundWork, error: unknown) => void;
  /** Hears of each call once, when it has ended. */
  readonly observe?: (report: CallReport) => void;
  readonly pause?: (point: PausePoint) => Promise<void>;
}

/** What every part of the gate works with: what it was given, and what it knows of itself. */
export interface Engine extends Omit<GateDeps, 'tasks'> {
  readonly tasks: Tasks;
  readonly inFlight: InFlight;
  readonly refused: Refused;
}
