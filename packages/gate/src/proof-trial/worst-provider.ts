import type { Catalog } from '@purser/catalog';
import { actualCost, type Currency, isUnpriced, type ModelPrice, type Money, type Usage } from '@purser/money';
import {
  type EmbedAnswer,
  type EmbedCall,
  finalReport,
  type ImageAnswer,
  type ImageCall,
  type Provider,
  type ProviderAnswer,
  type ProviderCall,
  ProviderError,
  type StreamEvent,
  textOf,
} from '@purser/providers';
import { promptBounds } from '@purser/routing';

/**
 * What becomes of a call. `kept`: the most within the limits that were sent. `beyond`: the most that its model can write, in the dearest way
 * the provider has. `uncharged`: billed as beyond, and failed. `unknown`: nobody here ever learns what it cost.
 */
export type Behaviour = 'kept' | 'beyond' | 'uncharged' | 'unknown';

/** What the providers of one trial billed, and who of them is waiting to answer. */
export class Account {
  readonly billed = new Map<Currency, bigint>();
  /** Called by each call that has reached a provider; resolves when they may answer. */
  readonly reached: () => Promise<void>;
  readonly next: () => Behaviour;
  /** The tasks of which anything was billed. */
  readonly tasks = new Set<string>();

  constructor(reached: () => Promise<void>, next: () => Behaviour) {
    this.reached = reached;
    this.next = next;
  }

  bill(task: string, { currency, nanos }: Money): void {
    if (nanos > 0n) this.tasks.add(task);
    this.billed.set(currency, (this.billed.get(currency) ?? 0n) + nanos);
  }
}

/** Stands where a provider would: reports and bills the most that a call can come to, by the price book, and keeps account of it. */
export class WorstProvider implements Provider {
  readonly id: string;
  readonly offline = false;
  readonly honours = new Set<string>();
  readonly #catalog: Catalog;
  readonly #now: () => Temporal.Instant;
  readonly #account: Account;

  constructor(id: string, catalog: Catalog, now: () => Temporal.Instant, account: Account) {
    this.id = id;
    this.#catalog = catalog;
    this.#now = now;
    this.#account = account;
  }

  async generate(call: ProviderCall): Promise<ProviderAnswer> {
    const model = this.#catalog.models.find(({ provider, name }) => provider === this.id && name === call.model);
    const price = model && this.#catalog.prices.findByKey(model.priceKey, this.#now());
    if (!model || !price) throw new Error(`${call.model} is not of this catalog`);
    const behaviour = this.#account.next();
    const input = Math.min(
      promptBounds(call.messages.map(({ content }) => ({ content: textOf(content) }))).input_tokens_max,
      model.context_tokens,
    );
    const keeps = behaviour === 'kept' || behaviour === 'unknown';
    const usage = keeps
      ? dearestUsage(price, input, call.output_tokens_max, false)
      : dearestUsage(price, input, model.output_tokens_max, true);
    this.#account.bill('text', costOf(price, usage));
    await this.#account.reached();
    if (behaviour === 'unknown') throw new Error('the connection is gone, and with it what the call cost');
    if (behaviour === 'uncharged')
      throw new ProviderError(this.id, 'failed after its bill', { kind: 'unavailable', billed: usage });
    return {
      text: 'x',
      usage: finalReport(usage),
      model: { provider: this.id, name: call.model },
      finish: 'stop',
      offline: false,
    };
  }

  async embed({ model, inputs }: EmbedCall): Promise<EmbedAnswer> {
    const { input_tokens_max } = promptBounds(inputs.map((input) => ({ content: String(input) })));
    const usage = await this.#bounded('embedding', model, (price) => dearestUsage(price, input_tokens_max, 0, false));
    return { vectors: inputs.map(() => [1]), usage, model: { provider: this.id, name: model }, offline: false };
  }

  async draw({ model, prompt, count, size, quality }: ImageCall): Promise<ImageAnswer> {
    const { input_tokens_max } = promptBounds([{ content: prompt }]);
    const images = [{ size, quality: quality ?? 'high', count }];
    const usage = await this.#bounded('image', model, (price) => ({
      ...dearestUsage(price, input_tokens_max, 0, false),
      images,
    }));
    const drawn = Array.from({ length: count }, () => new Uint8Array([1]));
    return { images: drawn, usage: finalReport(usage), model: { provider: this.id, name: model } };
  }

  /** Of what is billed by the piece a provider bills no more than was sent: it is the most of that, answered or not. */
  async #bounded(task: string, name: string, most: (price: ModelPrice) => Usage): Promise<Usage> {
    const model = this.#catalog.models.find((one) => one.provider === this.id && one.name === name);
    const price = model && this.#catalog.prices.findByKey(model.priceKey, this.#now());
    if (!price) throw new Error(`${name} is not of this catalog`);
    const behaviour = this.#account.next();
    const usage = most(price);
    this.#account.bill(task, costOf(price, usage));
    await this.#account.reached();
    if (behaviour === 'unknown') throw new Error('the connection is gone, and with it what the call cost');
    if (behaviour === 'uncharged')
      throw new ProviderError(this.id, 'failed after its bill', { kind: 'unavailable', billed: usage });
    return usage;
  }

  stream(): AsyncIterable<StreamEvent> {
    throw new Error('the trial does not stream');
  }
}

function costOf(price: ModelPrice, usage: Usage): Money {
  const cost = actualCost(price, usage);
  if (isUnpriced(cost)) throw new Error(`the price book does not price ${cost.unpriced}`);
  return cost;
}

/** Of every way to report so many tokens, the one that costs most. `any`: also in service tiers, and kept in a cache, that nobody asked for. */
function dearestUsage(price: ModelPrice, input_tokens: number, output_tokens: number, any: boolean): Usage {
  const plain: Usage = { input_tokens, output_tokens };
  const fewer = price.tiers.map(({ above_input_tokens }) => Math.min(above_input_tokens, input_tokens));
  const inputs = [input_tokens, ...fewer].flatMap((count): Usage[] => [
    { ...plain, input_tokens: count },
    { ...plain, input_tokens: count, cached_input_tokens: count },
    ...(any && price.units.cache_write_1h_token !== undefined
      ? [{ ...plain, input_tokens: count, cache_write_1h_tokens: count }]
      : []),
  ]);
  const outputs = inputs.flatMap((usage) => [usage, { ...usage, reasoning_tokens: output_tokens }]);
  const tiers = any ? (price.service_tiers ?? []).map(({ name }) => name) : [];
  const all = [...outputs, ...tiers.flatMap((service_tier) => outputs.map((usage) => ({ ...usage, service_tier })))];
  const priced = all.flatMap((usage) => {
    const cost = actualCost(price, usage);
    return isUnpriced(cost) ? [] : [{ usage, nanos: cost.nanos }];
  });
  return priced.reduce((most, next) => (next.nanos > most.nanos ? next : most)).usage;
}
