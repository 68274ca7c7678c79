import type { Catalog } from '@purser/catalog';
import type { Clock } from '@purser/core';
import type { Arrival, Gate } from '@purser/gate';
import type { Bounds } from '@purser/http';
import type { Workspace } from '@purser/identity';
import type { Meters } from '@purser/meters';
import type { Policy } from '@purser/policy';
import type { PeriodOpener } from '@purser/wallet';

/** What the endpoints that spend need of a server. */
export interface GatewayDeps {
  readonly clock: Clock;
  readonly bounds: Pick<Bounds, 'prompt_body_bytes_max' | 'upload_body_bytes_max'>;
  readonly gate: Gate;
  /** What is for sale now. */
  readonly catalog: Catalog;
  readonly meters: Meters;
  /** What a workspace may do at that instant, on the catalog version it bought. */
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Policy;
  readonly openPeriod: PeriodOpener;
  /** The same, with `offline` when it may answer for plans that none of them serves. */
  readonly providers_callable: ReadonlySet<string>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set where a spending call was counted before its body was parsed: the gate counts it no second time. */
    arrival: Arrival | null;
  }
}
