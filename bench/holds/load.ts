import { systemClock } from '@purser/core';
import type { Meters } from '@purser/meters';

import { percentile } from '../report.ts';
import { holdAt, settleOf, type Workspace } from './workload.ts';

export interface Figures {
  readonly asked_per_s: number | null;
  readonly pairs: number;
  readonly pairs_per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly denied: number;
}

const WORK_MS = 30;

function figures(samples: number[], seconds: number, denied: number, asked: number | null): Figures {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    asked_per_s: asked,
    pairs: samples.length / 2,
    pairs_per_s: Math.round(samples.length / 2 / seconds),
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    max_ms: sorted.at(-1) ?? Number.NaN,
    denied,
  };
}

/** Poisson arrivals at `rate` a second whatever the system does; 30 ms of "provider" between hold and settle. Samples are of both. */
export async function openLoop(meters: Meters, pick: () => Workspace, rate: number, seconds: number): Promise<Figures> {
  const samples: number[] = [];
  let denied = 0;
  const pending = new Set<Promise<void>>();
  const pair = async (arrived: number): Promise<void> => {
    const hold = holdAt(pick(), systemClock.now());
    const outcome = await meters.hold(hold);
    samples.push(performance.now() - arrived);
    if (outcome.kind !== 'held') {
      denied++;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, WORK_MS));
    const before = performance.now();
    await meters.end(settleOf(hold, systemClock.now()));
    samples.push(performance.now() - before);
  };
  const started = performance.now();
  let next = started;
  while (next - started < seconds * 1000) {
    const now = performance.now();
    while (next <= now) {
      const running = pair(next).finally(() => pending.delete(running));
      pending.add(running);
      next += (-Math.log(1 - Math.random()) / rate) * 1000;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(1, Math.max(0, next - performance.now()))));
  }
  await Promise.all(pending);
  return figures(samples, (performance.now() - started) / 1000, denied, rate);
}

/** `callers` callers, each with one pair at a time and nothing between hold and settle. */
export async function closedLoop(
  pair: (workspace: Workspace) => Promise<[number, number]>,
  pick: () => Workspace,
  callers: number,
  seconds: number,
): Promise<Figures> {
  const samples: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1000;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < until) samples.push(...(await pair(pick())));
    }),
  );
  return figures(samples, (performance.now() - started) / 1000, 0, null);
}

/** One pair through the batcher: milliseconds of the hold and of the settle. */
export function batchedPair(meters: Meters): (workspace: Workspace) => Promise<[number, number]> {
  return async (workspace) => {
    const start = performance.now();
    const hold = holdAt(workspace, systemClock.now());
    await meters.hold(hold);
    const held = performance.now();
    await meters.end(settleOf(hold, systemClock.now()));
    return [held - start, performance.now() - held];
  };
}
