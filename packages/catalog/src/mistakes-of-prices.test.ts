import { describe, expect, test } from 'vitest';

import { type Case, mistakesAfter } from './testing/small-catalog.ts';

const CASES: readonly Case[] = [
  [
    'a model without a price',
    'models.yml',
    'price: cloud/one',
    'price: cloud/none',
    /^models\.yml:4 models\[0\]\.price: got 'cloud\/none', want a key of the price book/,
  ],
  [
    'a price that lacks what the model bills',
    'provider_costs.yml',
    'input_token: 1.00, output_token: 4.00',
    'input_token: 1.00',
    /models\[0\]\.price: got 'cloud\/one' without a price for output_token/,
  ],
  [
    'a price of zero on a model that is not said to be free',
    'models.yml',
    ', free: true',
    '',
    /models\[1\]\.free: got 'local\/two', which costs nothing, want free: true exactly where the price is zero/,
  ],
  [
    'a model said to be free that costs',
    'models.yml',
    'price: local/two',
    'price: cloud/one',
    /models\[1\]\.free: got free, but 'cloud\/one' costs something/,
  ],
  [
    'a text model without output',
    'models.yml',
    'output_tokens_max: 1000 }',
    'output_tokens_max: 0 }',
    /models\[0\]\.output_tokens_max: got 0, want at least 1 for text/,
  ],
  [
    'a version that is none',
    'models.yml',
    'version: 2.1.0',
    'version: latest',
    /models\[1\]\.version: got 'latest', want a version such as 2\.5\.0/,
  ],
  [
    'a negative price',
    'provider_costs.yml',
    'input_token: 1.00',
    'input_token: -1.00',
    /^provider_costs\.yml:3 prices\[0\]\.per_million\.input_token: got '-1\.00', want a price from 0/,
  ],
  [
    'a price that is no number',
    'provider_costs.yml',
    'input_token: 1.00',
    'input_token: free',
    /per_million\.input_token: got 'free'/,
  ],
  ['an absurd price', 'provider_costs.yml', 'input_token: 1.00', 'input_token: 1e30', /per_million\.input_token: got '1e30'/],
  [
    'a unit nobody knows',
    'provider_costs.yml',
    'input_token: 1.00',
    'input_tokens: 1.00',
    /per_million\.input_tokens: got .*input_token/,
  ],
  [
    'a unit priced twice',
    'provider_costs.yml',
    'output_token: 4.00 }',
    'output_token: 4.00 }, each: { input_token: 1 }',
    /input_token a second time, want each unit priced once/,
  ],
  [
    'a price key twice on one date',
    'provider_costs.yml',
    'key: local/two',
    'key: cloud/one',
    /prices\[1\]\.key: got cloud\/one from 2026-01-01T00:00:00Z a second time/,
  ],
  ['a price for nothing', 'provider_costs.yml', ', per_thousand: { email: 0.10 }', '', /prices\[2\]: got no price at all/],
  [
    'a price key without a provider',
    'provider_costs.yml',
    'key: mail/email',
    'key: email',
    /prices\[2\]\.key: got 'email', want a provider and a model/,
  ],
  [
    'tiers out of order',
    'provider_costs.yml',
    'output_token: 4.00 }',
    'output_token: 4.00 }, tiers: [{ above_input_tokens: 2000, each: { input_token: 1 } }, { above_input_tokens: 1000, each: { input_token: 1 } }]',
    /tiers\[1\]\.above_input_tokens: got 1000, want more than 2000: tiers ascend/,
  ],
  [
    'a tier for what has no context',
    'provider_costs.yml',
    'output_token: 4.00 }',
    'output_token: 4.00 }, tiers: [{ above_input_tokens: 2000, each: { email: 1 } }]',
    /got a tier for email, want one of input_token/,
  ],
];

describe('a mistake names its file, line, path, what was given and what is wanted: prices and models', () => {
  test.each(CASES)('%s', async (_what, file, from, to, mistake) => {
    const mistakes = await mistakesAfter(file, from, to);
    expect(mistakes).toContainEqual(expect.stringMatching(mistake));
  });
});
