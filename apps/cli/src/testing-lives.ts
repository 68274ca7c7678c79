import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { TestClock } from '@purser/core';
import { scratchFolder } from '@purser/embedded';
import { parseSettings } from '@purser/settings';
import { createLog } from '@purser/log';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import { openLivesEngine, MIGRATIONS, startLivesStripe } from '@purser/server';
import {
  LIVES_PRICES,
  LIVES_TERMS,
  livesCatalogFiles,
  type LivesEngine,
  livesProviders,
  type LivesOptions,
  type OpenWorld,
  STEP_S,
} from '@purser/simulation';

/** Two weeks before the end of January, so that lives begin on the days that February has not. */
const BASE = Temporal.Instant.from('2027-01-16T00:00:00Z');
const BASE_S = BASE.epochMilliseconds / 1000;
const RAISED_STEP = 160;
const CONNECTIONS = 8;

const LIVES_PRICE_LIST = { ...LIVES_PRICES, raised_at: BASE_S + RAISED_STEP * STEP_S } as const;

/** A database of its own, and servers on it: with the first catalog until prices are raised, with the second from then on. */
export async function openLivesWorld(): Promise<
  Awaited<ReturnType<OpenWorld>> & {
    readonly database: TestDatabase;
    readonly catalog: () => Promise<Catalog>;
    readonly began: Temporal.Instant;
  }
> {
  await using opened = new AsyncDisposableStack();
  const database = await createTestDatabase(
    MIGRATIONS.filter(({ schema }) => schema !== 'base'),
    CONNECTIONS,
  );
  opened.defer(() => database.drop());
  const { folder } = opened.use(await scratchFolder());
  const clock = new TestClock(BASE);
  const stripe = await startLivesStripe(clock);
  opened.defer(() => stripe.close());
  const start = async (raised: boolean): Promise<LivesEngine> => {
    for (const [name, text] of Object.entries(livesCatalogFiles(raised))) await writeFile(path.join(folder, name), text);
    return openLivesEngine({
      settings: parseSettings({}),
      database_url: database.url,
      admin_token: 'a token of nobody in a life',
      catalog: await loadCatalog(path.join(folder, 'lives.yaml')),
      log: createLog({ level: 'silent' }),
      clock,
      providers: livesProviders(),
      stripe,
    });
  };
  let engine = await start(false);
  opened.defer(() => engine[Symbol.asyncDispose]());
  let raised = false;
  const world: Omit<LivesOptions, 'lives'> = {
    prices: LIVES_PRICE_LIST,
    terms: LIVES_TERMS,
    name: '',
    async engineAt(step) {
      if (raised || step < RAISED_STEP) return engine;
      raised = true;
      await engine[Symbol.asyncDispose]();
      engine = await start(true);
      return engine;
    },
  };
  const kept = opened.move();
  return {
    engine,
    world,
    database,
    began: BASE,
    catalog: () => loadCatalog(path.join(folder, 'lives.yaml')),
    verify: () => engine.verify(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
