import { currency, type ModelPrice, PriceBook } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import type { Catalog, ModelEntry, Plan } from './catalog.ts';
import { loadCatalog } from './index.ts';
import { allowedModels, emailPrices, isFree, priceKeyOf, reachable } from './reachable.ts';
import { writeSmallCatalog } from './testing/small-catalog.ts';

const NOW = Temporal.Instant.from('2026-11-21T12:00Z');

let catalog: Catalog;
let pro: Plan;
beforeAll(async () => {
  const { path, remove } = await writeSmallCatalog();
  catalog = await loadCatalog(path);
  await remove();
  pro = catalog.plans.find(({ code }) => code === 'PRO')!;
});

const model = (id: string, more: Partial<ModelEntry> = {}): ModelEntry => ({
  ...catalog.models[0]!,
  id,
  provider: id.split('/')[0]!,
  priceKey: id,
  ...more,
});
const price = (key: string, units: ModelPrice['units'], from = '2026-01-01T00:00Z'): ModelPrice => ({
  provider: key.split('/')[0]!,
  model: key.split('/')[1]!,
  currency: currency('EUR'),
  from: Temporal.Instant.from(from),
  units,
  images: [],
  tiers: [],
  source: 'test',
});

describe('a plan may call', () => {
  const policy = (more: Partial<Parameters<typeof allowedModels>[1]> = {}) => ({
    providers: { text: ['a', 'b'] },
    pinned: {},
    visibility: { showBetaModels: false, allowUnverified: false },
    ...more,
  });
  const ids = (models: readonly ModelEntry[], more?: Partial<Parameters<typeof allowedModels>[1]>): readonly string[] =>
    allowedModels(models, policy(more), 'text').map(({ id }) => id);

  test('the models of its providers for the task, in the order of the providers', () => {
    const models = [model('b/1'), model('a/1'), model('c/1'), model('a/2', { task: 'image' }), model('a/3')];
    expect(ids(models)).toEqual(['a/1', 'a/3', 'b/1']);
    expect(allowedModels(models, policy(), 'video')).toEqual([]);
  });

  test('none that is still tried or that nobody verified, unless it is shown those', () => {
    const models = [model('a/1', { beta: true }), model('a/2', { verified: false }), model('a/3')];
    expect(ids(models)).toEqual(['a/3']);
    expect(ids(models, { visibility: { showBetaModels: true, allowUnverified: false } })).toEqual(['a/1', 'a/3']);
    expect(ids(models, { visibility: { showBetaModels: false, allowUnverified: true } })).toEqual(['a/2', 'a/3']);
  });

  test('T7: nothing but the pinned version of the pinned model', () => {
    const models = [model('a/1', { version: '1' }), model('a/1', { version: '2' }), model('a/2', { version: '1' })];
    const found = allowedModels(models, policy({ pinned: { text: { model: 'a/1', version: '1' } } }), 'text');
    expect(found.map(({ id, version }) => [id, version])).toEqual([['a/1', '1']]);
    expect(ids(models, { pinned: { image: { model: 'a/2', version: '1' } } })).toHaveLength(3);
  });
});

describe('a call is booked at', () => {
  test('the price of its model; our own provider’s at what it stands in for; e-mail at its carrier’s', () => {
    const { offline_stand_in: _, ...plain } = pro;
    expect(priceKeyOf(pro, model('a/1'))).toBe('a/1');
    expect(priceKeyOf(pro, model('offline/1'))).toBe('cloud/one');
    expect(priceKeyOf(plain, model('offline/1'))).toBe('offline/1');
    expect(priceKeyOf(pro, model('mail/ses', { task: 'email' }))).toBe('mail/email');
    expect(priceKeyOf(pro, model('mail/ses'))).toBe('mail/ses');
    expect(priceKeyOf(pro, model('other/ses', { task: 'email' }))).toBe('other/ses');
  });

  test('the price in force and those that are announced, not at one that is over', () => {
    const prices = new PriceBook([
      price('cloud/one', { input_token: 1n }, '2026-01-01T00:00Z'),
      price('cloud/one', { input_token: 2n }, '2026-06-01T00:00Z'),
      price('cloud/one', { input_token: 3n }, '2027-01-01T00:00Z'),
      price('cloud/one', { input_token: 4n }, NOW.toString()),
    ]);
    const found = reachable({ ...catalog, prices }, pro, 'text', NOW);
    expect(found.map((one) => one.price.units.input_token)).toEqual([4n, 3n]);
  });

  test('our own models are reached by every plan, for their own task', () => {
    const models = [...catalog.models, model('offline/text'), model('offline/image', { task: 'image' })];
    const prices = new PriceBook([price('cloud/one', { input_token: 1n }), price('offline/image', { request: 0n })]);
    const of = (task: 'text' | 'image', plan = pro) =>
      reachable({ ...catalog, models, prices }, plan, task, NOW).map((one) => one.model.id);
    expect(of('text')).toEqual(['cloud/one', 'offline/text']);
    const { offline_stand_in: _, ...plain } = pro;
    expect(of('image', plain)).toEqual(['offline/image']);
  });
});

describe('e-mail is booked at', () => {
  const own = () => [model('offline/mail', { task: 'email' }), model('offline/text')];
  const prices = () =>
    new PriceBook([
      price('mail/email', { email: 5n }),
      price('offline/mail', { email: 7n }),
      price('offline/text', { input_token: 9n }),
    ]);
  const found = (plan: Plan, book = prices()) =>
    emailPrices({ ...catalog, models: own(), prices: book }, plan, NOW).map(({ units }) => units.email);

  test('its carrier’s price, or ours where no carrier is configured; a plan without e-mail has none', () => {
    const { offline_stand_in: _, ...plain } = pro;
    expect(found(plain)).toEqual([5n, 7n]);
    const { email: __, ...mailless } = plain;
    expect(found(mailless)).toEqual([]);
  });

  test('no price that is not one of e-mail', () => {
    const { offline_stand_in: _, ...plain } = pro;
    expect(found(plain, new PriceBook([price('mail/email', { request: 5n }), price('offline/mail', { email: 7n })]))).toEqual([
      7n,
    ]);
  });
});

test('a price is free where everything that it names is nothing, in every size and every way of processing', () => {
  const free = price('a/b', { input_token: 0n, output_token: undefined });
  const dear = { input_token: 1n };
  const tier = { above_input_tokens: 1, prices: { input_token: 0n } };
  const service = { name: 'flex', units: { input_token: 0n }, tiers: [tier] };
  expect(isFree({ ...free, tiers: [tier], service_tiers: [service], images: [{ size: '*', quality: '*', yoctos: 0n }] })).toBe(
    true,
  );
  for (const more of [
    { units: dear },
    { units: { ...free.units, email: 1n } },
    { images: [{ size: '*', quality: '*', yoctos: 1n }] },
    { tiers: [{ ...tier, prices: dear }] },
    { service_tiers: [{ ...service, units: dear }] },
    { service_tiers: [{ ...service, tiers: [{ ...tier, prices: dear }] }] },
  ]) {
    expect(isFree({ ...free, ...more })).toBe(false);
  }
});
