import { openPool } from '@purser/database';
import { suiteClock } from '@purser/core/testing';
import { Meters, type MeterSpec } from '@purser/meters';
import { currency, money } from '@purser/money';

import { startAlerts } from './start-alerts.ts';

// A process that watches and delivers over a database it is given, to be killed: `node alerts-process.fixture.ts <orders as JSON>`.
const orders = JSON.parse(process.argv[2] ?? '') as {
  database_url: string;
  workspace: string;
  cap: string;
  period_start: string;
  period_end: string;
};

const clock = suiteClock();
const pool = openPool(orders.database_url, { connections_max: 4 });
const workspace = orders.workspace as MeterSpec['workspace'];
const period_start = Temporal.Instant.from(orders.period_start);
const cost: MeterSpec = {
  workspace,
  key: 'cost',
  unit: 'USD',
  class: 'cost',
  window_start: period_start,
  window_end: Temporal.Instant.from(orders.period_end),
  cap: BigInt(orders.cap),
};
startAlerts({
  pool,
  clock,
  meters: new Meters({ pool, clock }, pool),
  watch: (id) =>
    id === workspace
      ? { meters: [cost], timezone: 'UTC', thresholds: [], period_start, cost_cap: money(cost.cap ?? 0n, currency('USD')) }
      : undefined,
  sources: [],
  timeout_ms: 20_000,
  private_allowed: true,
  tells_cost: true,
  log: { warn: () => {}, error: (...words: unknown[]) => console.error(...words) },
  every_ms: { scan: 20, send: 20 },
});
