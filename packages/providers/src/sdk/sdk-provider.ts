import type { LanguageModelV4CallOptions, LanguageModelV4FinishReason, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { assert } from '@purser/base';
import type { Usage } from '@purser/money';
import type { FailedCallBilling, FailureContext } from '../failure.ts';
import type { OutputLimitName } from '../output-limit.ts';
import type { EmbedAnswer, EmbedCall, Finish, Provider, ProviderAnswer, ProviderCall, StreamEvent } from '../provider.ts';
import { lastObjectMember } from '../upstream/json-scan.ts';
import { Transport, TRANSPORT_LIMITS, type TransportLimits } from '../upstream/transport.ts';
import { Attempt } from './attempt.ts';
import type { Family } from './families.ts';
import type { Access } from './protocol.ts';

export interface SdkProviderConfig {
  readonly id: string;
  readonly family: Family;
  /** Empty where none is needed. */
  readonly api_key: string;
  readonly base_url: string;
  /** Absent: the family's. */
  readonly output_limit?: OutputLimitName | null;
  readonly limits?: Partial<TransportLimits>;
  /** What the provider bills for calls that fail. */
  readonly billing?: FailedCallBilling;
}

export type ClosableProvider = Provider & { close(): Promise<void> };

/**
 * A provider spoken to through the AI SDK's model interface, one physical request per call. The model is called itself rather than
 * through `generateText`, whose loop may take several paid steps and then report the last one's usage where the sum is meant.
 */
export function sdkProvider(config: SdkProviderConfig): ClosableProvider {
  const { id, family, api_key, base_url, output_limit = family.output_limit } = config;
  const transport = new Transport(new URL(base_url).origin, { ...TRANSPORT_LIMITS, ...config.limits });
  const context: FailureContext = { provider: id, billing: config.billing ?? {}, secrets: api_key === '' ? [] : [api_key] };
  // Loaded while the program starts, so that the first call need not wait; a failure to load is that call's fault to report.
  family.load().catch(() => undefined);
  const begin = ({ signal, ...call }: ProviderCall | EmbedCall): Begun => {
    const limited = output_limit !== null && 'output_tokens_max' in call;
    const limit = limited ? { name: call.output_limit ?? output_limit, tokens: call.output_tokens_max } : null;
    const attempt = new Attempt(transport, context, signal, limit);
    return { family, attempt, access: { api_key, base_url, fetch: attempt.fetch } };
  };
  return {
    id,
    offline: false,
    generate: (call) => generate(call, begin(call)),
    stream: (call) => stream(call, begin(call)),
    ...(family.embeds ? { embed: (call: EmbedCall) => embed(call, begin(call)) } : {}),
    close: () => transport.close(),
  };
}

/** One call under way. */
interface Begun {
  readonly family: Family;
  readonly attempt: Attempt;
  readonly access: Access;
}

async function generate(call: ProviderCall, { family, attempt, access }: Begun): Promise<ProviderAnswer> {
  const { protocol } = await family.load();
  try {
    const result = await protocol.language(access, call.model).doGenerate(optionsOf(family, call));
    const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
    const usage = family.usage(result.usage.raw);
    return answerOf(call, attempt, { text, usage, finish: finishOf(result.finishReason), name: result.response?.modelId });
  } catch (error) {
    throw attempt.failure(error, attempt.wanted_more ? usageSoFar(family, attempt.body) : null, '');
  }
}

/** What a whole answer reported, read past the SDK. */
function usageSoFar(family: Family, body: string): Usage | null {
  return family.usage(lastObjectMember(body, `"${family.usage_member}"`));
}

async function* stream(call: ProviderCall, { family, attempt, access }: Begun): AsyncGenerator<StreamEvent> {
  const { protocol } = await family.load();
  let text = '';
  let name: string | undefined;
  let usage: Usage | null = null;
  let finish: LanguageModelV4FinishReason | null = null;
  let broken: unknown = null;
  try {
    const { stream: parts } = await protocol.language(access, call.model).doStream(optionsOf(family, call));
    for await (const part of parts) {
      if (part.type === 'text-delta' && broken === null) {
        text += part.delta;
        if (part.delta !== '') yield { type: 'text', text: part.delta };
      } else if (part.type === 'response-metadata') name = part.modelId ?? name;
      else if (part.type === 'error') broken ??= part.error;
      else if (part.type === 'finish') {
        finish = part.finishReason;
        usage = family.usage(part.usage.raw);
      }
    }
  } catch (error) {
    throw attempt.failure(error, usage, text);
  } finally {
    attempt.close();
  }
  // A refused continuation is an answer that stopped at the provider's own limit.
  if (attempt.wanted_more && text !== '')
    yield { type: 'end', answer: answerOf(call, attempt, { text, usage, finish: 'length', name }) };
  else if (broken !== null || finish === null || finish.unified === 'interrupted') {
    throw attempt.failure(broken ?? new Error('the stream ended early'), usage, text);
  } else yield { type: 'end', answer: answerOf(call, attempt, { text, usage, finish: finishOf(finish), name }) };
}

interface Outcome {
  readonly text: string;
  readonly usage: Usage | null;
  readonly finish: Finish;
  readonly name: string | undefined;
}

function answerOf(call: ProviderCall, attempt: Attempt, { text, usage, finish, name }: Outcome): ProviderAnswer {
  const model = {
    provider: call.provider,
    name: name ?? call.model,
    ...(call.version === undefined ? {} : { version: call.version }),
  };
  const request_id = attempt.request_id;
  return { text, usage, finish, model, offline: false, ...(request_id === undefined ? {} : { request_id }) };
}

function finishOf({ unified }: LanguageModelV4FinishReason): Finish {
  switch (unified) {
    case 'stop':
    case 'tool-calls':
      return 'stop';
    case 'length':
      return 'length';
    case 'content-filter':
      return 'content_filter';
    case 'error':
    case 'interrupted':
    case 'other':
      return 'other';
    default:
      return unified satisfies never;
  }
}

const JSON_ONLY = 'Answer with one JSON value and nothing else.';

function optionsOf(family: Family, call: ProviderCall): LanguageModelV4CallOptions {
  return {
    prompt: promptOf(call),
    maxOutputTokens: call.output_tokens_max,
    abortSignal: call.signal,
    ...(call.temperature === undefined ? {} : { temperature: call.temperature }),
    ...(call.json === true ? { responseFormat: { type: 'json' } } : {}),
    ...(call.user === undefined ? {} : { providerOptions: family.userOptions(call.user) }),
  };
}

/** All system messages become the first: Anthropic and Gemini take but one. */
function promptOf(call: ProviderCall): LanguageModelV4Prompt {
  const system = call.messages.filter((message) => message.role === 'system').map((message) => message.content);
  // Not every protocol has a JSON mode, and OpenAI's wants the word in the prompt.
  if (call.json === true) system.push(JSON_ONLY);
  const rest = call.messages.flatMap((message): LanguageModelV4Prompt => {
    if (message.role === 'system') return [];
    return [{ role: message.role, content: [{ type: 'text', text: message.content }] }];
  });
  return system.length === 0 ? rest : [{ role: 'system', content: system.join('\n\n') }, ...rest];
}

async function embed(call: EmbedCall, { family, attempt, access }: Begun): Promise<EmbedAnswer> {
  const { protocol } = await family.load();
  assert(protocol.embedding, `${call.provider} makes no embeddings`);
  try {
    const { embeddings } = await protocol.embedding(access, call.model).doEmbed({
      values: [...call.inputs],
      abortSignal: call.signal,
      ...(call.dimensions === undefined ? {} : { dimensions: call.dimensions }),
    });
    const usage = usageSoFar(family, attempt.body);
    return { vectors: embeddings, usage, model: { provider: call.provider, name: call.model }, offline: false };
  } catch (error) {
    throw attempt.failure(error, null, '');
  }
}
