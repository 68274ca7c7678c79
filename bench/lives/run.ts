import { scratchDatabase } from '@purser/embedded';
import { drawLife, LONG_LIVES, type Life, type Lived, plainest, storyOf, tryLives } from '@purser/simulation';

import { openLivesWorld } from '../../apps/cli/src/testing-lives.ts';
import { heading, machine, table } from '../report.ts';

const LIVES = 100_000;
const LIVES_QUICK = 2_000;
/** In one database; then the next is begun, so that none grows without end. */
const TOGETHER = 2_500;

/** Lives of paying customers through the real webhook endpoint and the whole gate. @throws Error when any of them broke a rule. */
export async function benchLives(quick: boolean): Promise<void> {
  // What is waited for is at times a timer that keeps no process alive, because a server has a port that does.
  const timer = setInterval(() => {}, 1_000);
  await using opened = new AsyncDisposableStack();
  opened.defer(() => {
    clearInterval(timer);
  });
  const database = opened.use(await scratchDatabase());
  process.env['PURSER_TEST_DATABASE_URL'] = database.url;
  const wanted = Number(process.env['PURSER_LIVES'] ?? (quick ? LIVES_QUICK : LIVES));
  const seed = Number(process.env['PURSER_LIVES_SEED'] ?? 1);
  const started = performance.now();
  let events = 0;
  let calls = 0;
  const broken: Lived[] = [];
  const problems: string[] = [];
  for (let from = 0; from < wanted; from += TOGETHER) {
    const lives: Life[] = Array.from({ length: Math.min(TOGETHER, wanted - from) }, (_, n) =>
      drawLife(seed, from + n, LONG_LIVES),
    );
    const tried = await tryLives(openLivesWorld, lives);
    for (const { seen } of tried.lived) {
      events += seen.filter(({ is }) => is === 'told').length;
      calls += seen.filter(({ is }) => is === 'called').length;
    }
    broken.push(...tried.lived.filter((one) => one.broken.length > 0));
    problems.push(...tried.problems);
    console.error(
      `${from + lives.length} lives, ${broken.length} broken, ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
  }
  const seconds = (performance.now() - started) / 1000;
  heading('Lives');
  console.log(`${machine()}. Seed ${seed}.\n`);
  table(
    ['', ''],
    [
      ['lives, of them broke a rule', `${wanted}, ${broken.length}`],
      ['events delivered', events],
      ['calls through the gate', calls],
      ['lives a second', (wanted / seconds).toFixed(1)],
    ],
  );
  const rules = Map.groupBy(broken, (one) => one.broken[0]?.rule ?? '');
  for (const [rule, lives] of rules) console.log(`${rule}: ${lives.length}`);
  for (const one of [...rules.values()].flatMap((lives) => lives.slice(0, 1))) {
    console.log(`\n${storyOf((await plainest(openLivesWorld, one)) ?? one)}`);
  }
  if (broken.length + problems.length > 0) throw new Error(`${broken.length} lives broke a rule; ${problems.join('; ')}`);
}
