import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import { creditMeter, type EndRequest, type HoldRequest, type MeterClass, type MeterSpec } from '@purser/meters';

const MONTH_START = Temporal.Instant.from('2026-11-01T00:00:00Z');
const MONTH_END = Temporal.Instant.from('2026-12-01T00:00:00Z');
const ROOMY = 1_000_000_000_000_000n;

/** Calls run under a real policy: six legs, of which one (the global budget) is the same hot row for everybody. */
export interface Workspace {
  readonly id: WorkspaceId;
  readonly meters: readonly MeterSpec[];
}

function meter(workspace: WorkspaceId, key: string, kind: MeterClass, unit: string): MeterSpec {
  return { workspace, key, unit, class: kind, window_start: MONTH_START, window_end: MONTH_END, cap: ROOMY };
}

const budget = meter(PLATFORM, 'budget', 'cost', 'USD');

/** The n-th workspace of the bench; the same n is always the same workspace. */
export function workspaceAt(n: number): Workspace {
  const id = `10000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}` as WorkspaceId;
  const meters = [
    creditMeter(id),
    meter(id, 'cost', 'cost', 'EUR'),
    meter(id, 'tokens', 'quota', 'token'),
    meter(id, 'jobs', 'quota', 'job'),
    meter(id, 'concurrency', 'gauge', 'call'),
    budget,
  ];
  return { id, meters };
}

const WORST = [3n, 30_000_000n, 3_000n, 1n, 1n, 33_000_000n];
const ACTUAL = [2n, 12_000_000n, 900n, 1n, 0n, 13_200_000n];

export function holdAt(workspace: Workspace, now: Temporal.Instant): HoldRequest {
  return {
    id: newId<'hold'>(),
    workspace: workspace.id,
    expires_at: now.add({ seconds: 60 }),
    legs: workspace.meters.map((spec, index) => ({ meter: spec, amount: WORST[index] ?? 0n })),
    plan: 'PRO',
    provider: 'acme',
    cost: { amount: 33_000_000n, unit: 'USD' },
    reported: { amount: 30_000_000n, unit: 'EUR' },
  };
}

export function settleOf(hold: HoldRequest, now: Temporal.Instant): EndRequest {
  return {
    kind: 'settle',
    hold: hold.id,
    workspace: hold.workspace,
    actuals: ACTUAL,
    cost: 13_200_000n,
    reported: 12_000_000n,
    provider: 'acme',
    attempts: [
      {
        actor: 'key',
        operation: 'chat',
        kind: 'text',
        provider: 'acme',
        model: 'acme-1',
        model_version: null,
        started_at: now,
        duration_ms: 30,
        outcome: 'ok',
        usage: { input_tokens: 600, output_tokens: 300 },
        cost: { amount: 13_200_000n, unit: 'USD' },
        request_id: null,
      },
    ],
  };
}

export { ACTUAL, WORST };
