import { openPool } from '@purser/database';
import { startEmbedded } from '@purser/embedded';
import { suiteClock } from '@purser/core/testing';

import { Meters } from './meters.ts';
import { loadUntil, migrateAll } from './testing-load.ts';

// A process that owns an embedded database and spends through it until it is killed: `node database-owner.fixture.ts <data folder> <stage>`.
// One line each: the database's process id, then the id of every hold whose settle was answered.
const [dataDir = '', stage = ''] = process.argv.slice(2);
const database = await startEmbedded({ dataDir, stage });
const reads = openPool(database.url, { connections_max: 2 });
await migrateAll(reads);
const meters = new Meters({ pool: openPool(database.url, { connections_max: 1 }), clock: suiteClock() }, reads);
console.log(JSON.stringify({ pid: database.pid() }));
await loadUntil(meters, suiteClock(), {
  callers: 64,
  stopped: () => false,
  onSettled: (hold) => console.log(JSON.stringify({ settled: hold })),
});
