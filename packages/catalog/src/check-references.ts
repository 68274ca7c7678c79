import { type Currency, currency, findRate, type ModelPrice } from '@purser/money';

import type { CatalogParts } from './parts.ts';
import type { Catalog, ModelEntry } from './catalog.ts';
import { checkLadders } from './check-ladders.ts';
import { checkLicense } from './check-license.ts';
import { checkPack, checkPlan } from './check-plan.ts';
import type { Mistake } from './mistakes.ts';
import { isFree } from './reachable.ts';
import { knownProviders, oneOf, type Report, reporter } from './report.ts';

/** Everything that is named by something else has to exist; what is a name has to be unique; what will be converted has a rate. */
export function checkReferences(catalog: Catalog, parts: Pick<CatalogParts, 'main' | 'modelsSource'>, mistakes: Mistake[]): void {
  const inMain = reporter(parts.main, mistakes);
  const inModels = reporter(parts.modelsSource, mistakes);
  checkUnique(catalog.plans, 'plans', 'code', (plan) => plan.code, inMain);
  checkUnique(catalog.packs, 'packs', 'code', (pack) => pack.code, inMain);
  checkUnique(catalog.operations, 'operations', 'name', (operation) => operation.name, inMain);
  checkUnique(catalog.pools, 'pools', 'name', (pool) => pool.name, inMain);
  checkUnique(catalog.ladders, 'ladders', 'name', (ladder) => ladder.name, inMain);
  checkUnique(catalog.models, 'models', 'id', (model) => model.id, inModels);
  if (catalog.credit.cost.nanos === 0n) inMain(['credit', 'cost'], 'zero', 'what one credit stands for, above zero');
  checkModels(catalog, inModels);
  checkFailedCalls(catalog, inModels);
  checkOperations(catalog, inMain);
  checkExchange(catalog, inMain);
  checkLadders(catalog, inMain);
  checkLicense(catalog, inMain);
  for (const [index, plan] of catalog.plans.entries()) checkPlan(catalog, plan, ['plans', index], inMain);
  for (const [index, pack] of catalog.packs.entries()) checkPack(pack, ['packs', index], inMain);
  for (const [index, pool] of catalog.pools.entries()) {
    if (!catalog.providers.includes(pool.provider))
      inMain(['pools', index, 'provider'], `'${pool.provider}'`, knownProviders(catalog));
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

function checkFailedCalls(catalog: Catalog, report: Report): void {
  checkUnique(catalog.failed_calls, 'failed_calls', 'provider', ({ provider }) => provider, report);
  for (const [index, { provider }] of catalog.failed_calls.entries()) {
    if (!catalog.providers.includes(provider))
      report(['failed_calls', index, 'provider'], `'${provider}'`, knownProviders(catalog));
  }
}

function checkModels(catalog: Catalog, report: Report): void {
  for (const [index, model] of catalog.models.entries()) {
    const path = ['models', index];
    if (!catalog.providers.includes(model.provider))
      report([...path, 'provider'], `'${model.provider}'`, knownProviders(catalog));
    const prices = catalog.prices.history(model.priceKey);
    if (prices.length === 0) report([...path, 'price'], `'${model.priceKey}'`, 'a key of the price book');
    for (const price of prices) {
      const missing = unpricedUnit(catalog, model, price);
      if (missing !== undefined) {
        report([...path, 'price'], `'${model.priceKey}' without a price for ${missing}`, `one that prices ${missing}`);
      }
      if (isFree(price) === model.free) continue;
      const given = model.free ? `free, but '${model.priceKey}' costs something` : `'${model.priceKey}', which costs nothing`;
      report([...path, 'free'], given, 'free: true exactly where the price is zero');
    }
    if (model.output_tokens_max === 0 && prices.some((price) => billsOutput(model, price)))
      report([...path, 'output_tokens_max'], '0', `at least 1 for ${model.task}`);
  }
}

/** The unit a model of that task cannot be billed without, when the price lacks it. */
function unpricedUnit({ tasks }: Catalog, model: ModelEntry, { units, images }: ModelPrice): string | undefined {
  switch (model.task) {
    case 'email':
      return units.email === undefined ? 'email' : undefined;
    case 'text':
      return units.input_token === undefined ? 'input_token' : units.output_token === undefined ? 'output_token' : undefined;
    case 'embedding':
      return units.input_token === undefined ? 'input_token' : undefined;
    case 'image':
      return images.length === 0 && (units.image_output_token === undefined || units.input_token === undefined)
        ? 'images, or input_token and image_output_token'
        : undefined;
    case 'speech':
      return missingOfSpeech(units);
    case 'transcription':
      return missingOfTranscription(units);
    case 'moderation':
      return units.request === undefined && units.input_token === undefined ? 'request or input_token' : undefined;
    case 'video':
      return units.second === undefined && units.minute === undefined ? 'second or minute' : undefined;
    default: {
      const own = tasks.find(({ name }) => name === model.task)?.units ?? [];
      return own.find((unit) => units[unit] === undefined);
    }
  }
}

/** By the character, by the second, or by the tokens of the text and of the sound. */
function missingOfSpeech({ character, second, input_token, audio_output_token }: ModelPrice['units']): string | undefined {
  if (character !== undefined || second !== undefined) return undefined;
  return input_token !== undefined && audio_output_token !== undefined
    ? undefined
    : 'character, second, or input_token and audio_output_token';
}

/** By the second, by the minute, or by the tokens of the sound, of the words beside it, and of the transcript. */
function missingOfTranscription(units: ModelPrice['units']): string | undefined {
  if (units.second !== undefined || units.minute !== undefined) return undefined;
  const missing = (['input_token', 'audio_input_token', 'output_token'] as const).find((unit) => units[unit] === undefined);
  return missing === undefined ? undefined : `second, minute, or ${missing}`;
}

/** Whether what it puts out is billed by tokens, which only its own limit bounds. */
function billsOutput({ task }: ModelEntry, { units, images }: ModelPrice): boolean {
  const { character, second, minute } = units;
  if (task === 'image') return images.length === 0;
  if (task === 'speech') return character === undefined && second === undefined;
  return task === 'text' || (task === 'transcription' && second === undefined && minute === undefined);
}

function checkOperations(catalog: Catalog, report: Report): void {
  const features = new Set(catalog.plans.flatMap((plan) => plan.features));
  for (const [index, operation] of catalog.operations.entries()) {
    if (!features.has(operation.feature)) {
      report(['operations', index, 'feature'], `'${operation.feature}', which no plan has`, oneOf([...features]));
    }
  }
}

/** Every currency in which something is billed, counted or sold has a rate into the others it meets. */
function checkExchange(catalog: Catalog, report: Report): void {
  const { fx } = catalog;
  for (const key of fx.rates.keys()) {
    const [from = '', to = ''] = key.split('/');
    if (from === to) report(['fx', 'rates', key], `a rate from ${from} to itself`, 'two currencies');
    if (from < to && fx.rates.has(`${to}/${from}`)) report(['fx', 'rates', key], 'both directions', 'one: the other is derived');
  }
  const usd = currency('USD');
  const sold = new Set<Currency>([...catalog.plans, ...catalog.packs].map((thing) => thing.price.currency));
  const billed = new Set<Currency>([catalog.credit.cost.currency, ...sold]);
  for (const key of usedPrices(catalog)) {
    for (const price of catalog.prices.history(key)) billed.add(price.currency);
  }
  if (catalog.globalBudget) sold.add(catalog.globalBudget.amount.currency);
  sold.add(catalog.credit.cost.currency);
  if (catalog.plans.some((plan) => plan.cost_caps.monthlyUsd)) billed.add(usd);
  for (const from of billed) {
    for (const to of sold) {
      if (!findRate(fx, from, to)) report(['fx', 'rates'], `no rate from ${from} to ${to}`, `${from}/${to} or ${to}/${from}`);
    }
  }
}

function usedPrices(catalog: Catalog): Set<string> {
  const keys = catalog.models.map((model) => model.priceKey);
  for (const { email, offline_stand_in } of catalog.plans) {
    if (email) keys.push(email.priceKey);
    if (offline_stand_in !== undefined) keys.push(offline_stand_in);
  }
  return new Set(keys);
}
