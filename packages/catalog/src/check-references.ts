import { type Currency, currency, findRate, type ModelPrice } from '@purser/money';

import type { Parts } from './build.ts';
import type { Catalogue, ModelEntry } from './catalogue.ts';
import { checkLadders } from './check-ladders.ts';
import { checkLicence } from './check-licence.ts';
import { checkPack, checkPlan } from './check-plan.ts';
import type { Mistake } from './mistakes.ts';
import { isFree } from './reachable.ts';
import { knownProviders, oneOf, type Report, reporter } from './report.ts';

/** Everything that is named by something else has to exist; what is a name has to be unique; what will be converted has a rate. */
export function checkReferences(catalogue: Catalogue, parts: Pick<Parts, 'main' | 'modelsSource'>, mistakes: Mistake[]): void {
  const inMain = reporter(parts.main, mistakes);
  const inModels = reporter(parts.modelsSource, mistakes);
  checkUnique(catalogue.plans, 'plans', 'code', (plan) => plan.code, inMain);
  checkUnique(catalogue.packs, 'packs', 'code', (pack) => pack.code, inMain);
  checkUnique(catalogue.operations, 'operations', 'name', (operation) => operation.name, inMain);
  checkUnique(catalogue.pools, 'pools', 'name', (pool) => pool.name, inMain);
  checkUnique(catalogue.ladders, 'ladders', 'name', (ladder) => ladder.name, inMain);
  checkUnique(catalogue.models, 'models', 'id', (model) => model.id, inModels);
  if (catalogue.credit.cost.nanos === 0n) inMain(['credit', 'cost'], 'zero', 'what one credit stands for, above zero');
  checkModels(catalogue, inModels);
  checkFailedCalls(catalogue, inModels);
  checkOperations(catalogue, inMain);
  checkExchange(catalogue, inMain);
  checkLadders(catalogue, inMain);
  checkLicence(catalogue, inMain);
  for (const [index, plan] of catalogue.plans.entries()) checkPlan(catalogue, plan, ['plans', index], inMain);
  for (const [index, pack] of catalogue.packs.entries()) checkPack(pack, ['packs', index], inMain);
  for (const [index, pool] of catalogue.pools.entries()) {
    if (!catalogue.providers.includes(pool.provider))
      inMain(['pools', index, 'provider'], `'${pool.provider}'`, knownProviders(catalogue));
  }
}

function checkUnique<T>(things: readonly T[], list: string, key: string, nameOf: (thing: T) => string, report: Report): void {
  const seen = new Set<string>();
  for (const [index, thing] of things.entries()) {
    const name = nameOf(thing);
    if (seen.has(name)) report([list, index, key], `'${name}' a second time`, 'each once');
    seen.add(name);
  }
}

function checkFailedCalls(catalogue: Catalogue, report: Report): void {
  checkUnique(catalogue.failed_calls, 'failed_calls', 'provider', ({ provider }) => provider, report);
  for (const [index, { provider }] of catalogue.failed_calls.entries()) {
    if (!catalogue.providers.includes(provider))
      report(['failed_calls', index, 'provider'], `'${provider}'`, knownProviders(catalogue));
  }
}

function checkModels(catalogue: Catalogue, report: Report): void {
  for (const [index, model] of catalogue.models.entries()) {
    const path = ['models', index];
    if (!catalogue.providers.includes(model.provider))
      report([...path, 'provider'], `'${model.provider}'`, knownProviders(catalogue));
    const prices = catalogue.prices.history(model.priceKey);
    if (prices.length === 0) report([...path, 'price'], `'${model.priceKey}'`, 'a key of the price book');
    for (const price of prices) {
      const missing = unpricedUnit(model, price);
      if (missing !== undefined) {
        report([...path, 'price'], `'${model.priceKey}' without a price for ${missing}`, `one that prices ${missing}`);
      }
      if (isFree(price) === model.free) continue;
      const given = model.free ? `free, but '${model.priceKey}' costs something` : `'${model.priceKey}', which costs nothing`;
      report([...path, 'free'], given, 'free: true exactly where the price is zero');
    }
    if (model.task === 'text' && model.output_tokens_max === 0)
      report([...path, 'output_tokens_max'], '0', 'at least 1 for text');
  }
}

/** The unit a model of that task cannot be billed without, when the price lacks it. */
function unpricedUnit(model: ModelEntry, { units, images }: ModelPrice): string | undefined {
  switch (model.task) {
    case 'text':
      return units.input_token === undefined ? 'input_token' : units.output_token === undefined ? 'output_token' : undefined;
    case 'embedding':
      return units.input_token === undefined ? 'input_token' : undefined;
    case 'image':
      return images.length === 0 ? 'images' : undefined;
    case 'speech':
      return units.character === undefined && units.second === undefined ? 'character or second' : undefined;
    case 'video':
      return units.second === undefined && units.minute === undefined ? 'second or minute' : undefined;
  }
}

function checkOperations(catalogue: Catalogue, report: Report): void {
  const features = new Set(catalogue.plans.flatMap((plan) => plan.features));
  for (const [index, operation] of catalogue.operations.entries()) {
    if (!features.has(operation.feature)) {
      report(['operations', index, 'feature'], `'${operation.feature}', which no plan has`, oneOf([...features]));
    }
  }
}

/** Every currency in which something is billed, counted or sold has a rate into the others it meets. */
function checkExchange(catalogue: Catalogue, report: Report): void {
  const { fx } = catalogue;
  for (const key of fx.rates.keys()) {
    const [from = '', to = ''] = key.split('/');
    if (from === to) report(['fx', 'rates', key], `a rate from ${from} to itself`, 'two currencies');
    if (from < to && fx.rates.has(`${to}/${from}`)) report(['fx', 'rates', key], 'both directions', 'one: the other is derived');
  }
  const usd = currency('USD');
  const sold = new Set<Currency>([...catalogue.plans, ...catalogue.packs].map((thing) => thing.price.currency));
  const billed = new Set<Currency>([catalogue.credit.cost.currency, ...sold]);
  for (const key of usedPrices(catalogue)) {
    for (const price of catalogue.prices.history(key)) billed.add(price.currency);
  }
  if (catalogue.globalBudget) sold.add(catalogue.globalBudget.amount.currency);
  sold.add(catalogue.credit.cost.currency);
  if (catalogue.plans.some((plan) => plan.cost_caps.monthlyUsd)) billed.add(usd);
  for (const from of billed) {
    for (const to of sold) {
      if (!findRate(fx, from, to)) report(['fx', 'rates'], `no rate from ${from} to ${to}`, `${from}/${to} or ${to}/${from}`);
    }
  }
}

function usedPrices(catalogue: Catalogue): Set<string> {
  const keys = catalogue.models.map((model) => model.priceKey);
  for (const { email, offline_stand_in } of catalogue.plans) {
    if (email) keys.push(email.priceKey);
    if (offline_stand_in !== undefined) keys.push(offline_stand_in);
  }
  return new Set(keys);
}
