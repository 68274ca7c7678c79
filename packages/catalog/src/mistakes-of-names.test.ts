import { describe, expect, test } from 'vitest';

import { type Case, mistakesAfter } from './testing/small-catalog.ts';

const CASES: readonly Case[] = [
  ['a plan code twice', 'small.yaml', 'code: PRO', 'code: FREE', /plans\[1\]\.code: got 'FREE' a second time, want each once/],
  ['a model id twice', 'models.yml', 'id: local/two', 'id: cloud/one', /models\[1\]\.id: got 'cloud\/one' a second time/],
  [
    'an unknown provider of a plan',
    'small.yaml',
    'text: [cloud, local]',
    'text: [clod, local]',
    /plans\[1\]\.model_policy\.providers\.text\[0\]: got 'clod', want one of cloud, local, mail/,
  ],
  [
    'a provider without a model for the task',
    'small.yaml',
    'text: [cloud, local]',
    'text: [cloud, mail]',
    /got 'mail', which has no text model/,
  ],
  ['an unknown provider of a model', 'models.yml', 'provider: cloud', 'provider: clod', /models\[0\]\.provider: got 'clod'/],
  ['an unknown pack', 'small.yaml', 'packs: [more]', 'packs: [less]', /plans\[1\]\.packs\[0\]: got 'less', want one of more/],
  [
    'an unknown operation',
    'small.yaml',
    'operations: [chat]',
    'operations: [sing]',
    /plans\[1\]\.operations\[0\]: got 'sing', want one of chat/,
  ],
  ['an unknown ladder', 'small.yaml', 'ladder: steps', 'ladder: stairs', /plans\[1\]\.ladder: got 'stairs', want one of steps/],
  [
    'an unknown stand-in price',
    'small.yaml',
    'offline_stand_in: cloud/one',
    'offline_stand_in: cloud/none',
    /plans\[1\]\.offline_stand_in: got 'cloud\/none'/,
  ],
  [
    'an operation whose feature no plan has',
    'small.yaml',
    'feature: ai',
    'feature: magic',
    /operations\[0\]\.feature: got 'magic', which no plan has/,
  ],
  [
    'a pinned model that does not exist',
    'small.yaml',
    'model: cloud/one',
    'model: cloud/none',
    /pinned\.text\.model: got 'cloud\/none', want one of cloud\/one, local\/two/,
  ],
  [
    'a pinned version that does not exist',
    'small.yaml',
    'version: 1.0.0 }',
    'version: 1.0.1 }',
    /pinned\.text\.version: got 1\.0\.1, want 1\.0\.0/,
  ],
  [
    'a pin to a provider the plan does not have',
    'small.yaml',
    'text: [cloud, local]',
    'text: [local]',
    /pinned\.text\.model: got 'cloud\/one' of cloud, want a model of the plan's text providers/,
  ],
  [
    'pinned routing without a pin',
    'small.yaml',
    'pinned: { text: { model: cloud/one, version: 1.0.0 } }',
    'pinned: {}',
    /model_policy\.pinned: got no text model/,
  ],
  ['an unknown pool', 'small.yaml', 'pool: pool }', 'pool: pond }', /email\.pool: got 'pond', want one of pool/],
  [
    'a pool of another provider',
    'small.yaml',
    'unit: email, provider: mail',
    'unit: email, provider: cloud',
    /email\.pool: got 'pool' of emails at cloud, want a pool of e-mails at mail/,
  ],
  [
    'campaigns without a route',
    'small.yaml',
    '    email: { provider: mail, price: mail/email, pool: pool }\n',
    '',
    /plans\[1\]\.email: got nothing, want a route/,
  ],
  [
    'AI without providers',
    'small.yaml',
    '    model_policy: { defaultRouting: latest, providers: { text: [local] } }\n',
    '',
    /plans\[0\]\.model_policy\.providers: got no providers for text/,
  ],
  [
    'AI without credits',
    'small.yaml',
    'credits_monthly: 10\n',
    'credits_monthly: 0\n',
    /plans\[0\]\.credits_monthly: got '?0'?, want at least 1/,
  ],
  [
    'a feature twice',
    'small.yaml',
    'features: [ai, campaigns]',
    'features: [ai, campaigns, ai]',
    /plans\[1\]\.features\[2\]: got 'ai' a second time/,
  ],
];

describe('a mistake names its file, line, path, what was given and what is wanted: what names something else', () => {
  test.each(CASES)('%s', async (_what, file, from, to, mistake) => {
    const mistakes = await mistakesAfter(file, from, to);
    expect(mistakes).toContainEqual(expect.stringMatching(mistake));
  });
});
