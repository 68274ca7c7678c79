import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { TestClock } from '@purser/core';
import { openPool } from '@purser/database';
import { scratchFolder, startEmbedded } from '@purser/embedded';
import { startLivesStripe } from '@purser/server';
import {
  drawLife,
  type Life,
  LIVES_PRICES,
  LIVES_TERMS,
  liveTogether,
  livesCatalogFiles,
  SHORT_LIVES,
  storyOf,
} from '@purser/simulation';

import { KillableServer } from '../kills/servers.ts';
import { heading, machine, table } from '../report.ts';
import { openKilledEngine } from './killed-engine.ts';
import { startGreedyUpstream } from './upstream.ts';

const LIVES = 300;
const LIVES_QUICK = 60;
const SERVERS = 2;
const CALLS_MAX = 100;
const BASE = Temporal.Instant.from('2027-01-16T00:00:00Z');
/** They spend on the same days, so that all wait together for what is known. */
const SPENDS_EVERY = 20;

/** Some hundred lives on two servers that are killed while they take in what Stripe says. @throws Error when a rule was broken. */
export async function benchKilledLives(quick: boolean): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const { folder } = opened.use(await scratchFolder());
  const database = await startEmbedded({ dataDir: folder });
  opened.defer(() => database.stop());
  const clock = new TestClock(BASE);
  const stripe = await startLivesStripe(clock);
  opened.defer(() => stripe.close());
  const upstream = await startGreedyUpstream();
  opened.defer(() => upstream.close());
  for (const [name, text] of Object.entries(livesCatalogFiles(false, 'openai'))) await writeFile(path.join(folder, name), text);
  const environment = {
    DATABASE_URL: database.url,
    PURSER_ADMIN_TOKEN: 'bench-admin-token-of-forty-characters-00',
    PURSER_DATA: `${folder}/server`,
    PURSER_CATALOG: path.join(folder, 'lives.yaml'),
    PURSER_TEST_CLOCK: BASE.toString(),
    PURSER_LOG_LEVEL: 'fatal',
    OPENAI_API_KEY: 'bench',
    OPENAI_BASE_URL: upstream.url,
    STRIPE_SECRET_KEY: stripe.secret_key,
    STRIPE_WEBHOOK_SECRET: stripe.webhook_secret,
    STRIPE_BASE_URL: stripe.origin,
  };
  const servers: KillableServer[] = [];
  for (let number = 0; number < SERVERS; number += 1) {
    const server = await KillableServer.start(environment);
    servers.push(server);
    opened.defer(() => server.stop());
  }
  const pool = openPool(database.url, { connections_max: 2 });
  opened.defer(() => pool.end());
  const engine = openKilledEngine({ servers, stripe, pool, clock });
  const lives = Array.from({ length: quick ? LIVES_QUICK : LIVES }, (_, n) => together(drawLife(1, n, SHORT_LIVES)));
  const started = performance.now();
  const prices = { ...LIVES_PRICES, raised_at: undefined };
  const lived = await liveTogether(engine, { lives, prices, terms: LIVES_TERMS, name: '', calls_max: CALLS_MAX });
  const problems = await engine.verify();
  const broken = lived.filter((one) => one.broken.length > 0);
  heading('Lives on servers that are killed');
  console.log(`${machine()}. ${SERVERS} servers on one Postgres.\n`);
  table(
    ['', ''],
    [
      ['lives, of them broke a rule', `${lives.length}, ${broken.length}`],
      ['events delivered', lived.flatMap(({ seen }) => seen).filter(({ is }) => is === 'told').length],
      ['kills in the middle of deliveries', engine.kills()],
      ['seconds', ((performance.now() - started) / 1000).toFixed(0)],
    ],
  );
  if (broken.length + problems.length > 0) throw new Error([...problems, ...broken.map(storyOf)].join('\n\n'));
}

function together(life: Life): Life {
  const spends = life.spends.map(([step, share]) => [Math.ceil(step / SPENDS_EVERY) * SPENDS_EVERY, share] as const);
  return { ...life, begins_day: 0, age_days: 0, spends: [...new Map(spends)] };
}
