import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Middleware,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';

import { boundOf, isRefusedByProvider, usageOf } from './ai/usage.ts';
import type { ModelHold, Purser, Receipt, Spender } from './types.ts';

/** How calls of a wrapped model are governed. */
export interface PurserMiddlewareOptions extends Spender {
  /** As the catalog names it. Absent: `chat`. */
  readonly operation?: string;
  /** The id of the model in the catalog. Absent: the one whose name the wrapped model has. */
  readonly model?: string;
  /** Sent, and held, where a call states no `maxOutputTokens`. Absent: 1,000. */
  readonly output_tokens_default?: number;
  /** What pictures, files and the like in a prompt come to at most, in tokens. Absent: a prompt with any is refused. */
  readonly other_tokens_max?: number;
}

const OUTPUT_TOKENS_DEFAULT = 1_000;

/**
 * For `wrapLanguageModel({ model, middleware })`: each call is held at the most that it can cost before its provider is asked, and settled with what
 * that reports. A call that is refused throws a `PurserRefusal`, and its provider is not asked.
 */
export function purserMiddleware(purser: Purser, options: PurserMiddlewareOptions): LanguageModelV4Middleware {
  const { operation = 'chat', output_tokens_default = OUTPUT_TOKENS_DEFAULT, other_tokens_max, workspace, user } = options;
  const hold = (params: LanguageModelV4CallOptions, model: LanguageModelV4): Promise<ModelHold> =>
    purser.holdModel({
      workspace,
      ...(user !== undefined && { user }),
      operation,
      model: options.model ?? model.modelId,
      input_tokens_max: boundOf(params, other_tokens_max),
      output_tokens_max: params.maxOutputTokens ?? output_tokens_default,
      ...(params.abortSignal !== undefined && { signal: params.abortSignal }),
    });
  return {
    specificationVersion: 'v4',
    transformParams: async ({ params }) => ({ ...params, maxOutputTokens: params.maxOutputTokens ?? output_tokens_default }),
    async wrapGenerate({ doGenerate, params, model }) {
      const held = await hold(params, model);
      const result = await failing(held, doGenerate);
      const receipt = await held.settle(usageOf(result.usage));
      return { ...result, providerMetadata: { ...result.providerMetadata, purser: metadataOf(receipt) } };
    },
    async wrapStream({ doStream, params, model }) {
      const held = await hold(params, model);
      const result = await failing(held, doStream);
      return { ...result, stream: settling(result.stream, held) };
    },
  };
}

/** A call that its provider refused cost nothing; of one that broke nobody knows. */
async function failing<Result>(held: ModelHold, call: () => PromiseLike<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    await (isRefusedByProvider(error) ? held.void() : held.unresolved());
    throw error;
  }
}

/** The same parts; the last of them goes out when it is in the books. A stream that is left or breaks off before has an unknown cost. */
function settling(parts: ReadableStream<LanguageModelV4StreamPart>, held: ModelHold): ReadableStream<LanguageModelV4StreamPart> {
  const reader = parts.getReader();
  let ended = false;
  const unresolved = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    await held.unresolved();
  };
  return new ReadableStream<LanguageModelV4StreamPart>({
    async pull(controller) {
      try {
        const next = await reader.read();
        if (next.done) {
          await unresolved();
          controller.close();
          return;
        }
        controller.enqueue(next.value.type === 'finish' ? await settled(next.value) : next.value);
      } catch (error) {
        await unresolved().catch(() => {});
        throw error;
      }
    },
    async cancel(reason) {
      await Promise.allSettled([reader.cancel(reason), unresolved()]);
    },
  });

  async function settled(
    part: Extract<LanguageModelV4StreamPart, { type: 'finish' }> & { readonly usage: LanguageModelV4Usage },
  ): Promise<LanguageModelV4StreamPart> {
    ended = true;
    const receipt = await held.settle(usageOf(part.usage));
    return { ...part, providerMetadata: { ...part.providerMetadata, purser: metadataOf(receipt) } };
  }
}

function metadataOf({ transaction_id, cost, credits, replayed }: Receipt) {
  return { transaction_id, cost: { ...cost }, credits: { ...credits }, replayed };
}

/**
 * A provider of the AI SDK whose models are the catalog's, governed: `auto` lets the catalog choose. Text, tools, structured output and
 * streams go through the engine in this process; no network is between.
 */
export function createPurserProvider(purser: Purser, spender: Spender): OpenAICompatibleProvider {
  return createOpenAICompatible({
    name: 'purser',
    baseURL: 'http://purser.invalid/v1',
    fetch: purser.fetchFor(spender),
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
}
