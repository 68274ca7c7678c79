import { createHash } from 'node:crypto';

import { isRefusal, refuse, RefusalError } from '@purser/core';
import { dearestCall, findOperation, type ModelEntry } from '@purser/catalog';
import { actualCost, isUnpriced, type ModelPrice, type Money, type Usage, worstCaseCost } from '@purser/money';
import type { Spent as GateSpent } from '@purser/gate';

import { callerOf } from './callers.ts';
import { readAmount, writeAmount } from './money-on-the-wire.ts';
import type { Parts } from './open-parts.ts';
import { ownOperation, ownTask } from './own/own-policy.ts';
import { calledOff, type OwnCost, type OwnInput, UnknownCost } from './own/own-task.ts';
import type { Hold, HoldOptions, ModelHold, ModelHoldOptions, ModelUsage, Receipt, Spent, SpendOptions } from './types.ts';

type Work = OwnInput['work'];
type Asked = Pick<HoldOptions, 'workspace' | 'user' | 'operation' | 'signal'>;
type Bound = Omit<OwnInput, 'work'>;

const NEVER = new AbortController().signal;

/** Holds, runs the work, settles. @throws RefusalError, and what the work throws */
export async function spend<Result>(
  parts: Parts,
  { max_cost, counts = {}, idempotency_key, ...asked }: SpendOptions,
  work: (held: { readonly transaction_id: string; readonly signal: AbortSignal }) => Promise<Spent & { readonly result: Result }>,
): Promise<Receipt & { readonly result: Result }> {
  const bound = { cost: readAmount(max_cost, 'max_cost'), counts };
  let thrown: { readonly error: unknown } | undefined;
  const run: Work = async (held) => {
    try {
      const { result, ...spent } = await work(held);
      return { ...costOf(spent, bound), result };
    } catch (error) {
      thrown = { error };
      throw new UnknownCost();
    }
  };
  const request_hash = createHash('sha256')
    .update(JSON.stringify([asked.operation, max_cost, counts]))
    .digest('hex');
  const idempotency = idempotency_key === undefined ? undefined : { key: idempotency_key, request_hash };
  const spent = await ask<Result>(parts, asked, { ...bound, work: run }, idempotency).catch((error: unknown) => {
    throw thrown ? thrown.error : error;
  });
  return { ...receiptOf(spent), result: spent.result };
}

/** @throws RefusalError */
export function hold(parts: Parts, { max_cost, counts = {}, ...asked }: HoldOptions): Promise<Hold> {
  const bound = { cost: readAmount(max_cost, 'max_cost'), counts };
  return openHold(parts, asked, bound, (spent: Spent) => costOf(spent, bound));
}

/** What a call to a model can come to is held by its price, and settled by what was used. @throws RefusalError */
export async function holdModel(parts: Parts, options: ModelHoldOptions): Promise<ModelHold> {
  const { model: name, input_tokens_max, output_tokens_max, ...asked } = options;
  const model = modelNamed(parts, name, options.operation);
  const price = parts.catalog.prices.findByKey(model.priceKey, parts.clock.now());
  if (price === undefined) throw new RefusalError(refuse('price_unknown', `no price is known for ${model.id}`));
  const most: Usage = {
    input_tokens: counted(input_tokens_max, 'input_tokens_max'),
    output_tokens: counted(output_tokens_max, 'output_tokens_max'),
  };
  const cost = priced(worstCaseCost(price, most), model);
  const dearest = dearestCall(model, price, input_tokens_max);
  const bound: Bound = {
    cost,
    counts: tokens(most),
    ...(dearest !== undefined && { dearest: priced(dearest, model) }),
  };
  return openHold(parts, asked, bound, (usage: ModelUsage | undefined) => costOfUsage(usage, bound, price, model));
}

/** Starts the call, and returns when its hold is written: the work goes on until one of the ends is called. */
async function openHold<Actual>(
  parts: Parts,
  asked: Asked,
  bound: Bound,
  settled: (actual: Actual) => OwnCost,
): Promise<Omit<Hold, 'settle'> & { settle(actual: Actual): Promise<Receipt> }> {
  const began = Promise.withResolvers<Parameters<Work>[0]>();
  const end = Promise.withResolvers<OwnCost & { readonly result: null }>();
  // Whoever holds and never ends it is told by its signal; nobody else waits.
  end.promise.catch(() => {});
  const work: Work = (held) => {
    began.resolve(held);
    return end.promise;
  };
  const done = ask<null>(parts, asked, { ...bound, work }, undefined);
  const opened = await Promise.race([began.promise, done.then(() => began.promise)]);
  done.catch(() => {});
  const uncharged = async (error: Error): Promise<void> => {
    end.reject(error);
    await done.catch((refused: unknown) => {
      if (!(refused instanceof RefusalError || refused instanceof UnknownCost)) throw refused;
    });
  };
  return {
    ...opened,
    async settle(actual) {
      end.resolve({ ...settled(actual), result: null });
      return receiptOf(await done);
    },
    void: () => uncharged(calledOff()),
    unresolved: () => uncharged(new UnknownCost()),
  };
}

async function ask<Result>(
  parts: Parts,
  { operation: name, signal = NEVER, ...spender }: Asked,
  input: OwnInput,
  idempotency: { readonly key: string; readonly request_hash: string } | undefined,
): Promise<GateSpent<Result>> {
  const caller = await callerOf(parts, spender);
  const operation = findOperation(parts.catalog, name);
  if (operation === undefined) {
    const names = parts.catalog.operations.map((one) => one.name).join(', ');
    throw new RefusalError(refuse('invalid_request', `operation: there is no '${name.slice(0, 100)}'; want one of ${names}`));
  }
  const request = { operation: ownOperation(name), input, ...(idempotency && { idempotency }) };
  const spent = await parts.gate.spend<Result>(caller, ownTask(operation.task), request, signal);
  if (isRefusal(spent)) throw new RefusalError(spent);
  return spent;
}

function costOf({ cost, counts }: Spent, bound: Bound): OwnCost {
  return { cost: readAmount(cost, 'cost'), counts: counts ?? bound.counts };
}

function costOfUsage(usage: ModelUsage | undefined, bound: Bound, price: ModelPrice, model: ModelEntry): OwnCost {
  if (usage === undefined) return { cost: bound.cost, counts: bound.counts };
  return { cost: priced(actualCost(price, usage), model), counts: tokens(usage) };
}

function tokens({ input_tokens, output_tokens }: Pick<Usage, 'input_tokens' | 'output_tokens'>): Record<string, number> {
  return { token: input_tokens + output_tokens };
}

function priced(cost: Money | { readonly unpriced: string }, { id }: ModelEntry): Money {
  if (isUnpriced(cost)) throw new RefusalError(refuse('price_unknown', `no price of ${cost.unpriced} is known for ${id}`));
  return cost;
}

function modelNamed({ catalog }: Parts, name: string, operation: string): ModelEntry {
  const task = findOperation(catalog, operation)?.task ?? 'text';
  const own = catalog.models.filter((model) => model.task === task);
  const found = own.find(({ id }) => id === name) ?? own.find((model) => model.name === name || model.aliases.includes(name));
  if (found !== undefined) return found;
  throw new RefusalError(
    refuse(
      'price_unknown',
      `model: there is no ${task} model '${name.slice(0, 100)}' in the catalog; want one of ${own.map(({ id }) => id).join(', ')}`,
    ),
  );
}

function counted(count: number, option: string): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new RefusalError(refuse('invalid_request', `${option}: want a whole number of zero or more; got ${count}`));
}

export function receiptOf({
  transaction_id,
  cost,
  credits,
  replayed,
}: Omit<GateSpent<unknown>, 'result'> | GateSpent<unknown>): Receipt {
  return {
    transaction_id,
    cost: writeAmount(cost),
    credits: { charged: Number(credits.charged), balance: Number(credits.balance) },
    replayed,
  };
}
