import { promptBounds } from '@purser/routing';
import type { CallSettings, ProviderAnswer, ProviderCall } from '@purser/providers';
import { BrokenInvariant, type Refusal } from '@purser/core';
import type { Operation } from '@purser/catalog';

import type { Cleared } from './admit.ts';
import type { Engine } from './deps.ts';
import type { Ask } from './draft.ts';
import { endingOf } from './ending.ts';
import { attemptOf } from './failure.ts';
import type { Answer, ChatMessage, GenerateRequest } from './gate.ts';
import type { Caller } from '@purser/identity';
import { outputLimitOf } from './route-access.ts';
import { noteServed } from './route-outcome.ts';
import { serve, type Serving } from './serve.ts';
import { answerFromKept, keptFrom } from './kept.ts';
import { billOf, book, type Booked } from './settle.ts';
import type { Held } from './steps/hold.ts';

export function askOf(caller: Caller, request: GenerateRequest): Ask {
  return {
    caller,
    operation: request.operation,
    complexity: request.complexity,
    measure: (operation) => promptBounds(instructed(operation, request.messages)),
    output_tokens_max: request.output_tokens_max,
    cost_max: request.cost_max,
    model: request.model,
    idempotency: request.idempotency,
    arrival: request.arrival,
    user: undefined,
  };
}

/** What the operation tells the model, before the caller's own words. */
function instructed(operation: Operation, messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return operation.instructions === undefined ? messages : [{ role: 'system', content: operation.instructions }, ...messages];
}

export function providerCall(
  engine: Engine,
  { held, time }: Serving,
  messages: readonly ChatMessage[],
  settings?: CallSettings,
): ProviderCall {
  const { draft, fitted } = held;
  const output_limit = outputLimitOf(engine, held);
  return {
    provider: fitted.model.provider,
    model: fitted.model.name,
    version: fitted.model.version,
    messages: instructed(draft.operation, messages),
    output_tokens_max: fitted.output_tokens_max,
    ...(output_limit === undefined ? {} : { output_limit }),
    ...(settings === undefined ? {} : { settings }),
    signal: time.signal,
    operation: draft.operation.name,
  };
}

/** Runs one call to its end and settles it. */
export async function generate(
  engine: Engine,
  cleared: Cleared,
  request: Pick<GenerateRequest, 'messages'>,
  client: AbortSignal,
): Promise<Answer | Refusal> {
  return serve(
    engine,
    cleared,
    { signal: client, stream: false },
    async (serving) => {
      const provider = providerOf(engine, serving.held);
      const answer = await provider.generate(providerCall(engine, serving, request.messages));
      serving.time.end();
      return settleAnswer(engine, serving, answer);
    },
    answerFromKept,
  );
}

export function providerOf(engine: Engine, { fitted }: Held) {
  const provider = engine.providers.get(fitted.model.provider);
  if (provider === undefined) throw new BrokenInvariant(`${fitted.model.id} was chosen, and its provider is not configured`);
  return provider;
}

/**
 * Settles a call that the provider finished. One with nothing in it is charged to nobody; under a key it is not kept, so that asking
 * again asks again.
 */
export async function settleAnswer(
  engine: Engine,
  serving: Serving,
  answer: ProviderAnswer,
  outcome: 'ok' | 'stopped' = 'ok',
): Promise<Answer> {
  noteServed(engine, serving);
  const { held, start } = serving;
  const ending = endingOf(held, answer.usage, true, 'served');
  if (ending.kind === 'unresolved') throw new BrokenInvariant('a whole answer has a cost');
  const empty = answer.text === '';
  const attempt = attemptOf(start, empty ? 'empty' : outcome, {
    model_version: answer.model.version ?? null,
    request_id: answer.request_id ?? null,
  });
  const bill = billOf(held, ending, empty ? 'nothing' : 'served');
  const { usage } = ending;
  const complete = (credits: Booked): Answer => ({
    id: bill.id,
    transaction_id: bill.id,
    output: answer.text,
    model: {
      provider: held.fitted.model.provider,
      name: answer.model.name,
      version: answer.model.version ?? held.fitted.model.version,
    },
    usage: { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens },
    cost: bill.cost,
    credits,
    degraded: bill.degraded,
    offline: bill.offline,
    finish: answer.finish,
    replayed: false,
  });
  const keyed = held.hold.idempotency !== undefined && !empty;
  const whole = complete(
    await book(engine, held, attempt, ending, bill, {
      // Only the settle knows the balance, and writes it beside what is kept here.
      kept: keyed ? keptFrom(complete({ charged: bill.charged, balance: 0n }), start.at) : undefined,
    }),
  );
  if (empty && held.hold.idempotency) await engine.meters.giveBackKey(held.hold.id);
  return whole;
}
