import type { ModelEntry } from '@purser/catalog';
import { BrokenInvariant, type Refusal } from '@purser/core';
import { actualCost } from '@purser/money';
import {
  type AnswerPiece,
  keepsLimit,
  type OutputLimitName,
  type ProviderAnswer,
  type ProviderCall,
  ProviderError,
} from '@purser/providers';
import { fitRequest, type FittedRequest, type Proof } from '@purser/routing';

import { routeOf } from '../../admission/route-status.ts';
import type { GateDeps } from '../../deps.ts';
import type { Fitting, LimitProofs, Outcome, Task, TaskCall, TaskEvent } from '../task.ts';
import { sizeOf } from './size.ts';
import { chatInputOf, instructed, type TextInput, type TextResult, type TextSize } from './text-input.ts';

/** Of what was given, in a sentence that names it. */
const SHOWN_CHARS_MAX = 100;

type Parts = Pick<GateDeps, 'providers' | 'routes' | 'call_timeout_ms'>;

/** Texts by models: the providers of the settings, bounded by bytes, clamped in their output. */
export class TextTask implements Task<TextInput, TextSize, FittedRequest, TextResult> {
  readonly name = 'text';
  readonly limits: LimitProofs;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.limits = {
      documented: (provider) => parts.providers.proof?.(provider)?.documented ?? true,
      prove: (model, stream) => proofOf(parts, model, stream),
    };
  }

  offeredBy(): ReadonlySet<string> {
    return this.#parts.providers.configured;
  }

  unfit(input: TextInput, provider: string): string | undefined {
    const { providers } = this.#parts;
    if ('body' in input && providers.upstream(provider)) return undefined;
    const { asked } = chatInputOf(input);
    if (asked.length === 0) return undefined;
    const honours = providers.get(provider)?.honours;
    return asked.find(({ feature }) => honours?.has(feature) !== true)?.member.slice(0, SHOWN_CHARS_MAX);
  }

  size = sizeOf;

  fit(question: Fitting<TextInput, TextSize>): FittedRequest | Refusal {
    const { candidates, priceOf, size, headrooms, dearest_headroom, units_left, policy } = question;
    const tokens_remaining = units_left.get('token');
    return fitRequest({
      candidates,
      priceOf,
      input_tokens_max: (model) => size.bounds.tokensMaxFor(model),
      ...((size.images.length > 0 || size.frame_tokens > 0) && {
        more_input_tokens: (model: ModelEntry) => size.frame_tokens + this.#imageTokens(model, size.images),
      }),
      output_tokens_asked: size.output_tokens,
      headrooms,
      ...(dearest_headroom && { dearest_headroom }),
      ...(tokens_remaining === undefined ? {} : { tokens_remaining }),
      fx: policy.catalog.fx,
    });
  }

  most({ input_tokens_max, output_tokens_max }: FittedRequest) {
    return { input_tokens: input_tokens_max, output_tokens: output_tokens_max };
  }

  costOf({ price }: FittedRequest, usage: Parameters<typeof actualCost>[1]) {
    return actualCost(price, usage);
  }

  counted({ input_tokens, output_tokens }: { readonly input_tokens: number; readonly output_tokens: number }) {
    return { token: input_tokens + output_tokens, job: 1 };
  }

  async run(call: TaskCall<TextInput, FittedRequest>): Promise<Outcome<TextResult>> {
    const provider = this.#providerOf(call.fitted);
    return outcomeOf(await provider.generate(this.#providerCall(call)));
  }

  async *stream(call: TaskCall<TextInput, FittedRequest>): AsyncIterable<TaskEvent<TextResult, AnswerPiece>> {
    const provider = this.#providerOf(call.fitted);
    for await (const event of provider.stream(this.#providerCall(call))) {
      yield event.type === 'end' ? { type: 'end', outcome: outcomeOf(event.answer) } : event;
    }
  }

  keep(result: TextResult): TextResult {
    return result;
  }

  restore(kept: unknown): TextResult {
    return kept as TextResult;
  }

  #imageTokens(model: ModelEntry, images: TextSize['images']): number {
    if (images.length === 0) return 0;
    const most = this.#parts.providers.get(model.provider)?.imageTokensMax;
    return most === undefined ? model.context_tokens : images.reduce((sum, image) => sum + most(model.name, image), 0);
  }

  #providerOf({ model }: FittedRequest) {
    const provider = this.#parts.providers.get(model.provider);
    if (provider === undefined) throw new BrokenInvariant(`${model.id} was chosen, and its provider is not configured`);
    return provider;
  }

  #providerCall({ input, fitted, operation, signal }: TaskCall<TextInput, FittedRequest>): ProviderCall {
    const { model } = fitted;
    const output_limit = outputLimitOf(this.#parts.routes, model);
    const { chat } = chatInputOf(input);
    return {
      ...chat,
      provider: model.provider,
      model: model.name,
      version: model.version,
      messages: instructed(operation, chat.messages),
      output_tokens_max: fitted.output_tokens_max,
      ...(output_limit === undefined ? {} : { output_limit }),
      signal,
      operation: operation.name,
    };
  }
}

function outcomeOf({ text, finish, parts, stop_sequence, usage, model, request_id }: ProviderAnswer): Outcome<TextResult> {
  return {
    result: {
      output: text,
      finish,
      ...(parts === undefined ? {} : { parts }),
      ...(stop_sequence === undefined ? {} : { stop_sequence }),
    },
    usage,
    model,
    ...(request_id === undefined ? {} : { request_id }),
    empty: text === '' && !(parts ?? []).some(({ type }) => type !== 'thought' && type !== 'sealed_thought'),
  };
}

/** The name of the output limit that the upstream of a model keeps, where a probe has found another than its usual one. */
export function outputLimitOf(routes: GateDeps['routes'], model: ModelEntry): OutputLimitName | undefined {
  return (routes.outputLimit(routeOf(model)) as OutputLimitName | null) ?? undefined;
}

/** Tries each name that the provider's servers may know the output limit by, its usual one first. */
async function proofOf(
  { providers, call_timeout_ms }: Parts,
  { provider: id, name: model }: ModelEntry,
  stream: boolean,
): Promise<Proof> {
  const provider = providers.get(id);
  const names = providers.proof?.(id)?.names ?? [];
  let refused: ProviderError | undefined;
  let overran = false;
  for (const output_limit of names.length === 0 ? [undefined] : names) {
    // Of its own time: many callers wait for it, and one that leaves must not end it for the others.
    const signal = AbortSignal.timeout(call_timeout_ms);
    const call = { provider: id, model, stream, signal, ...(output_limit === undefined ? {} : { output_limit }) };
    try {
      if (provider && (await keepsLimit(provider, call))) return { kept: true, output_limit: output_limit ?? null };
      overran = true;
    } catch (error) {
      // A server may refuse a name that it does not know; any other failure says nothing about the limit.
      if (!(error instanceof ProviderError) || error.kind !== 'refused') throw error;
      refused ??= error;
    }
  }
  if (refused !== undefined && !overran) throw refused;
  return { kept: false, why: 'it does not keep the output limit: a probe asked for a short answer and got a long one' };
}
