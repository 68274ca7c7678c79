import { setTimeout as wait } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { repeat } from './repeat.ts';

test('a run that fails is told and does not end the repetition', async () => {
  let runs = 0;
  const failures: unknown[] = [];
  const repetition = repeat(
    1,
    async () => {
      runs += 1;
      if (runs === 2) throw new Error('the second run');
    },
    (error) => failures.push(error),
  );
  while (runs < 4) await wait(1);
  await repetition.stop();
  expect(failures).toEqual([new Error('the second run')]);
});

test('runs never overlap, and stop waits for the run in progress', async () => {
  let inside = 0;
  let most = 0;
  let finished = 0;
  const repetition = repeat(
    0,
    async () => {
      inside += 1;
      most = Math.max(most, inside);
      await wait(5);
      inside -= 1;
      finished += 1;
    },
    () => {},
  );
  while (finished < 2) await wait(1);
  await wait(2);
  await repetition.stop();
  const after = finished;
  expect({ most, inside }).toEqual({ most: 1, inside: 0 });
  await wait(15);
  expect(finished).toBe(after);
});
