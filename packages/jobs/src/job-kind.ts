import type { WorkspaceId } from '@purser/core';
import type { z } from 'zod';

import type { JobId } from './job.ts';
import type { Lane } from './lanes.ts';

/** A job while it runs, as its code sees it. */
export interface RunningJob<Payload = unknown> {
  readonly id: JobId;
  readonly workspace: WorkspaceId;
  readonly payload: Payload;
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborted when the job is to end now: it was cancelled, its time is over, the worker stops, or the job went to another worker. */
  readonly signal: AbortSignal;
  /** Tells how far it has come; written a few times a second at most. */
  readonly progress: (done: number, total?: number) => void;
}

/** What a job of this kind is; `Needs` is what its code takes of the server it runs in. */
export interface JobKind<in Needs = never> {
  /** In snake_case: `campaign_slice`. */
  readonly kind: string;
  /** Where it waits unless its job says otherwise. */
  readonly lane: Lane;
  readonly attempts_max: number;
  /** How long one attempt may take. */
  readonly timeout_ms: number;
  /** @throws ZodError when a job of this kind cannot have this payload. */
  readonly parse: (payload: unknown) => unknown;
  /** Resolves with the job's result. It may be called again for the same job: after a kill, nobody knows how far the last call came. */
  readonly run: (needs: Needs, job: RunningJob) => Promise<unknown>;
}

const ATTEMPTS_MAX = 5;
const TIMEOUT_MS = 600_000;

export interface JobDefinition<Needs, Payload> {
  readonly kind: string;
  readonly lane: Lane;
  readonly attempts_max?: number;
  readonly timeout_ms?: number;
  readonly payload: z.ZodType<Payload>;
  readonly run: (needs: Needs, job: RunningJob<Payload>) => Promise<unknown>;
}

/** Five attempts of ten minutes unless it says otherwise. */
export function defineJob<Needs, Payload>(definition: JobDefinition<Needs, Payload>): JobKind<Needs> {
  const { kind, lane, payload, run, attempts_max = ATTEMPTS_MAX, timeout_ms = TIMEOUT_MS } = definition;
  return {
    kind,
    lane,
    attempts_max,
    timeout_ms,
    parse: (value) => payload.parse(value),
    run: (needs, job) => run(needs, { ...job, payload: payload.parse(job.payload) }),
  };
}
