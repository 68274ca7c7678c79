import { expect, test } from 'vitest';

import { offlineProvider } from './offline-provider.ts';

const signal = new AbortController().signal;

async function flagsOf(...items: string[]): Promise<(readonly string[])[]> {
  const answer = await offlineProvider.moderate?.({ provider: 'offline', model: 'offline-moderation', items, signal });
  return (answer?.findings ?? []).map(({ categories }) => Object.keys(categories).filter((name) => categories[name]));
}

test('what is written out is found in its category, and what is not is left alone', async () => {
  expect(await flagsOf('I will kill you.', 'How to make a bomb?', 'Good morning, harbor!', 'i want to DIE')).toEqual([
    ['harassment/threatening', 'violence'],
    ['illicit/violent'],
    [],
    ['self-harm/intent'],
  ]);
});

test('a word inside another is none, its endings count, and several say more than one', async () => {
  expect(await flagsOf('skillful killjoys', 'killing', 'Loser.', 'loser, shut up')).toEqual([
    [],
    ['violence'],
    [],
    ['harassment'],
  ]);
});

test('the answer says what it is and how much it read', async () => {
  const answer = await offlineProvider.moderate?.({
    provider: 'offline',
    model: 'offline-moderation',
    items: ['Good morning'],
    signal,
  });
  expect(answer).toMatchObject({
    model: { provider: 'offline', name: 'offline-moderation' },
    usage: { certainty: 'final', usage: { output_tokens: 0 } },
    findings: [{ flagged: false, category_scores: { violence: 0 } }],
  });
});
