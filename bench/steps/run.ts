import { isRefusal } from '@purser/core';
import { createGate, type Gate, type GenerateRequest } from '@purser/gate';
import type { Caller } from '@purser/identity';
import type { RateLimiter } from '@purser/limits';
import { effectivePolicy, type Policy } from '@purser/policy';
import { createProviders } from '@purser/providers';
import { RouteStates } from '@purser/routing';
import { type RunningServer, startServer } from '@purser/server';
import { openPeriods } from '@purser/wallet';

import { scratchGiven } from '../given.ts';
import { cpuOfTree } from '../processes.ts';
import { heading, machine, median, table } from '../report.ts';

const CALLERS = 64;
const REQUEST: GenerateRequest = {
  operation: 'summarise',
  complexity: 'simple',
  messages: [{ role: 'user', content: 'A purser keeps the money of a ship. Nobody sails without one.' }],
};

/** CPU of a call through the whole gate against one that only holds, calls and settles: no rates, ladder, license or members. */
export async function benchSteps(quick: boolean): Promise<void> {
  const calls = quick ? 1_000 : 5_000;
  const rounds = quick ? 3 : 7;
  await using opened = new AsyncDisposableStack();
  const { given } = opened.use(await scratchGiven(1));
  const server = await startServer(given);
  opened.defer(async () => server.stop());
  const caller = await openCaller(server);
  const gates: Record<string, Gate> = { 'hold and settle alone': bareGate(server), 'all steps': server.composition.deps.gate };

  for (const gate of Object.values(gates)) await run(gate, caller, calls);
  const cpu: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, gate] of Object.entries(gates)) (cpu[name] ??= []).push(await measured(gate, caller, calls));
  }
  heading('Steps');
  console.log(`${machine()}. ${CALLERS} callers in the process, medians of ${rounds} rounds in turn; Postgres counted.\n`);
  const rows = Object.entries(cpu).map(([name, samples]) => [name, median(samples).toFixed(0)]);
  table(['', 'CPU µs a call'], rows);
  const [bare = Number.NaN, whole = Number.NaN] = Object.values(cpu).map(median);
  console.log(`All steps cost ${(whole / bare).toFixed(2)} × the CPU.\n`);
}

async function openCaller({ composition: { deps } }: RunningServer): Promise<Caller> {
  const created = await deps.identity.createWorkspace({
    name: 'Bench',
    plan: 'ENTERPRISE',
    overrides: {
      concurrency: 100_000,
      credits_monthly: 1_000_000,
      rate: { rps: 100_000, rpm: 1_000_000, burst: 100_000 },
      accepted_loss: { reason: 'a bench is not sold' },
    },
  });
  if (isRefusal(created)) throw new Error(created.detail);
  const { workspace, key } = created;
  await deps.pool.query(
    `insert into wallet.allocation (workspace_id, kind, name, credits, changed_at) values ($1, 'member', 'anna', 1000000000, now())`,
    [workspace.id],
  );
  const caller = await deps.authenticate({ authorization: `Bearer ${key}`, purserUser: 'anna' });
  if (isRefusal(caller)) throw new Error(caller.detail);
  return caller;
}

const NO_RATES: RateLimiter = {
  enforced: 'local',
  decide: () => ({ allowed: true, enforced: 'local' }),
  fail: () => undefined,
  headroom: () => undefined,
  close: async () => {},
};

function bareGate({ composition: { deps } }: RunningServer): Gate {
  const providers = createProviders({ providers: {} });
  // Made once, as the server's is: what it costs to make one is no step of a call.
  let policy: Policy | undefined;
  return createGate({
    clock: deps.clock,
    meters: deps.meters,
    rates: NO_RATES,
    providers: {
      configured: new Set(['offline', ...providers.configured]),
      get: (id) => providers.get(id),
      upstream: (id) => providers.upstream(id),
    },
    policyOf: (workspace, now) =>
      (policy ??= effectivePolicy({ workspace, catalog: deps.catalog, state: { frozen: false }, now })),
    openPeriod: openPeriods(deps.pool),
    memberMeters: () => undefined,
    call_timeout_ms: 30_000,
    drain: { timeout_ms: 1_000, bytes_max: 1_000_000 },
    routes: new RouteStates(),
  });
}

/** Microseconds of CPU a call, of this process and its database. */
async function measured(gate: Gate, caller: Caller, calls: number): Promise<number> {
  const before = sum(cpuOfTree(process.pid));
  await run(gate, caller, calls);
  return ((sum(cpuOfTree(process.pid)) - before) * 1000) / calls;
}

function sum(of: ReadonlyMap<string, number>): number {
  return [...of.values()].reduce((total, one) => total + one, 0);
}

async function run(gate: Gate, caller: Caller, calls: number): Promise<void> {
  const signal = new AbortController().signal;
  let left = calls;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      const answer = await gate.generate(caller, REQUEST, signal);
      if (isRefusal(answer)) throw new Error(answer.detail);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, work));
}
