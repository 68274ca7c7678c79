import { describe, expect, test } from 'vitest';

import { type Case, CATALOG, mistakesAfter } from './testing/small-catalog.ts';

const CASES: readonly Case[] = [
  [
    'a credit that stands for nothing',
    'small.yaml',
    'cost: 0.01 USD',
    'cost: 0 USD',
    /credit\.cost: got zero, want what one credit stands for/,
  ],
  [
    'a reserve above the ceiling',
    'small.yaml',
    'overrun_reserve: 0.5 EUR',
    'overrun_reserve: 9 EUR',
    /overrun_reserve: got 9 EUR, want at most the ceiling, 8\.5 EUR/,
  ],
  [
    'more that rolls over than was granted',
    'small.yaml',
    'credits_monthly: 100',
    'credits_monthly: 100\n    rollover: { credits_max: 101, months: 1 }',
    /rollover\.credits_max: got 101, want at most credits_monthly, 100/,
  ],
  [
    'credits paid as one goes below what they stand for',
    'small.yaml',
    'credits_monthly: 100',
    'credits_monthly: 100\n    pay_as_you_go: { credits_max: 10, price: 0.01 EUR }',
    /pay_as_you_go\.price: got 0\.01 EUR, want enough for the/,
  ],
  [
    'a tier of a pack that is no cheaper',
    'small.yaml',
    'credits: 100, margin: 0.15 }',
    'credits: 100, margin: 0.15, tiers: [{ from: 5, price: 5 EUR }] }',
    /packs\[0\]\.tiers\[0\]\.price: got 5 EUR, want less than 5 EUR/,
  ],
  [
    'amounts of a plan in two currencies',
    'small.yaml',
    'overrun_reserve: 0.5 EUR',
    'overrun_reserve: 0.5 USD',
    /overrun_reserve: got USD, want EUR, the currency of the price/,
  ],
  [
    'a marketing budget on a paid plan',
    'small.yaml',
    'overrun_reserve: 0.5 EUR',
    'marketing_budget: 1 EUR',
    /marketing_budget: got one on a paid plan/,
  ],
  [
    'more e-mails a day than a month',
    'small.yaml',
    'emails_month: 300',
    'emails_month: 15',
    /quotas\.emails_day: got 20, want at most emails_month, 15/,
  ],
  [
    'more finals than candidates',
    'small.yaml',
    'finals_post: 9',
    'finals_post: 11',
    /quotas\.finals_post: got 11, want at most the 10 candidates/,
  ],
  [
    'a minute’s rate that the second’s cannot reach',
    'small.yaml',
    'rpm: 60',
    'rpm: 200',
    /rate\.rps: got 2 a second, want enough for 200 a minute: at least 4/,
  ],
  [
    'levels out of order',
    'small.yaml',
    'at: 0.9, model',
    'at: 0.6, model',
    /ladders\[0\]\.levels\[1\]\.at: got 0\.6, want more than 0\.7/,
  ],
  [
    'a level that loosens',
    'small.yaml',
    'candidates_max: 10 }',
    'candidates_max: 30 }',
    /levels\[1\]\.candidates_max: got 30, more than the level before/,
  ],
  [
    'a level that raises the model class',
    'small.yaml',
    'model_class_max: small',
    'model_class_max: large',
    /levels\[1\]\.model_class_max: got large, more than the level before/,
  ],
  [
    'a level that changes nothing',
    'small.yaml',
    '{ at: 0.9, model_class_max: small, candidates_max: 10 }',
    '{ at: 0.9 }',
    /levels\[1\]: got a level that changes nothing/,
  ],
  [
    'a level above the whole',
    'small.yaml',
    'at: 0.9, model',
    'at: 1.9, model',
    /levels\[1\]\.at: got '1\.9', want a share above 0 and at most 1/,
  ],
  ['alerts out of order', 'small.yaml', 'alerts: [0.7, 0.9]', 'alerts: [0.9, 0.7]', /alerts\[1\]: got 0\.7, want more than 0\.9/],
  ...(
    [
      [
        'a first step of the license terms that waits',
        '[{ days: 3, features: ai }, reports]',
        /degrade\[0\]\.days: got 3, want 0: the first step/,
      ],
      [
        'a step within the grace',
        '[ai, { days: 13, features: sync }]',
        /degrade\[1\]\.days: got 13, want at least 14: after the grace/,
      ],
      [
        'a step before the one above it',
        '[ai, { days: 30, features: sync }, { days: 21, features: reports }]',
        /degrade\[2\]\.days: got 21, want at least 30/,
      ],
      ['a feature that is taken away twice', '[ai, [sync, ai]]', /degrade\[1\]: got 'ai' a second time, want each once/],
    ] as const
  ).map(([what, degrade, mistake]): Case => {
    return [what, 'small.yaml', 'plans:\n', `license: { grace_days: 14, degrade: ${degrade} }\nplans:\n`, mistake];
  }),
  [
    'a missing exchange rate',
    'small.yaml',
    'rates: { USD/EUR: 0.94 }',
    'rates: {}',
    /fx\.rates: got no rate from USD to EUR, want USD\/EUR or EUR\/USD/,
  ],
  [
    'an exchange rate in both directions',
    'small.yaml',
    'USD/EUR: 0.94 }',
    'USD/EUR: 0.94, EUR/USD: 1.2 }',
    /got both directions, want one: the other is derived/,
  ],
  [
    'an exchange rate of zero',
    'small.yaml',
    'USD/EUR: 0.94',
    'USD/EUR: 0',
    /fx\.rates\.USD\/EUR: got '0', want a positive decimal/,
  ],
  [
    'a ladder over a global budget that is not stated',
    'small.yaml',
    CATALOG,
    CATALOG.replace('global_budget: { amount: 100 USD, window: month }\n', '').replace(
      'watches: ceiling',
      'watches: global_budget',
    ),
    /ladders\[0\]\.watches: got global_budget, want a global_budget to watch/,
  ],
];

describe('a mistake names its file, line, path, what was given and what is wanted: what does not fit together', () => {
  test.each(CASES)('%s', async (_what, file, from, to, mistake) => {
    const mistakes = await mistakesAfter(file, from, to);
    expect(mistakes).toContainEqual(expect.stringMatching(mistake));
  });
});
