import { formatUnitPrice } from '@purser/money';
import fc from 'fast-check';

import { chance, maybe, present } from './any-amount.ts';

/** A model that somebody might offer. */
export const anyModel = fc.record({
  task: fc.oneof(
    { weight: 5, arbitrary: fc.constant('text' as const) },
    { weight: 2, arbitrary: fc.constant('image' as const) },
    { weight: 1, arbitrary: fc.constant('embedding' as const) },
  ),
  provider: fc.constantFrom('cloud', 'other'),
  class: fc.constantFrom('small', 'medium', 'large'),
  currency: fc.constantFrom('USD', 'EUR'),
  /** What its longest answer costs, in cents. */
  answer: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60, max: 4_000 }) },
  ),
  output: fc.constantFrom(100, 1_000, 30_000),
  /** A token of input against one of output, in hundredths. */
  input: fc.constantFrom(0, 10, 25, 100, 200),
  cached: maybe(fc.constantFrom(10, 150)),
  hour: maybe(fc.constantFrom(50, 300)),
  reasoning: maybe(fc.constantFrom(100, 250)),
  longer: maybe(fc.record({ above: fc.constantFrom(5, 40, 400), factor: fc.constantFrom(150, 300) })),
  priority: maybe(fc.constantFrom(50, 175, 250)),
  fee: maybe(fc.integer({ min: 1, max: 30 })),
  free: chance(12),
  beta: chance(10),
  verified: chance(90),
  /** From the first of next year on, in hundredths of today. */
  later: maybe(fc.constantFrom(50, 200)),
});
export type Model = typeof anyModel extends fc.Arbitrary<infer T> ? T : never;
export const TASKS = ['text', 'image', 'embedding'] as const;

/** Yoctos of a token of output, and a share of it in hundredths. */
function tokenOf({ answer, output, free }: Model, hundredths = 100): string {
  if (free) return '0';
  const yoctos = (BigInt(answer) * 10n ** 22n) / BigInt(output);
  return formatUnitPrice((yoctos * BigInt(Math.round(hundredths))) / 100n);
}

function unitsOf(one: Model, factor: number): object {
  if (one.task !== 'text') return { input_token: tokenOf(one, (one.input * factor) / 100) };
  const each = (hundredths: number | undefined) =>
    hundredths === undefined ? undefined : tokenOf(one, (hundredths * factor) / 100);
  return present({
    input_token: each(one.input),
    output_token: each(100),
    cached_input_token: each(one.cached && (one.cached * one.input) / 100),
    cache_write_1h_token: each(one.hour),
    reasoning_token: each(one.reasoning),
  });
}

/** What pictures cost by size and quality, a good one twice as much. */
function picturesOf(one: Model, factor: number): object[] | undefined {
  if (one.task !== 'image') return undefined;
  const each = (times: number): string => (one.free ? '0' : ((one.answer * factor * times) / 10_000).toFixed(6));
  return [
    { size: '*', quality: '*', each: each(1) },
    { size: '1024x1024', quality: 'high', each: each(2) },
  ];
}

export const EMAIL_PRICE = 'cloud/email';

export function pricesOf(models: readonly Model[], email_mills: number | undefined): string {
  const prices = models.flatMap((one, index) => {
    const entry = (from: string, factor: number) =>
      present({
        key: `${one.provider}/m${index}`,
        currency: one.currency,
        from,
        each: { ...unitsOf(one, factor), ...(one.fee && !one.free && { request: (one.fee / 100).toFixed(2) }) },
        images: picturesOf(one, factor),
        tiers: one.longer && [
          { above_input_tokens: `${one.longer.above}`, each: unitsOf(one, (factor * one.longer.factor) / 100) },
        ],
        service_tiers:
          one.task === 'text'
            ? one.priority && [{ name: 'priority', each: unitsOf(one, (factor * one.priority) / 100) }]
            : undefined,
      });
    return [entry('2026-01-01', 100), ...(one.later === undefined ? [] : [entry('2027-01-01', one.later)])];
  });
  const email = {
    key: EMAIL_PRICE,
    currency: 'USD',
    from: '2026-01-01',
    per_thousand: { email: ((email_mills ?? 0) / 1_000).toFixed(3) },
  };
  return JSON.stringify({ prices: email_mills === undefined ? prices : [...prices, email] });
}

function isFree({ task, free, input, answer, fee }: Model): boolean {
  return free || (input === 0 && (answer === 0 || (task === 'embedding' && fee === undefined)));
}

export function modelsOf(models: readonly Model[]): string {
  return JSON.stringify({
    providers: ['cloud', 'other'],
    models: models.map((one, index) => ({
      id: `${one.provider}/m${index}`,
      provider: one.provider,
      name: `m${index}`,
      version: '1.0.0',
      task: one.task,
      class: one.class,
      price: `${one.provider}/m${index}`,
      context_tokens: '100000',
      output_tokens_max: `${one.task === 'text' ? one.output : 0}`,
      free: `${isFree(one)}`,
      beta: `${one.beta}`,
      verified: `${one.verified}`,
    })),
  });
}
