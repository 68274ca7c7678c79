import type { Usage } from '@purser/money';
import { claudeImageTokens, geminiImageTokens, type ImageTokens, openAiImageTokens } from '../chat/image-tokens.ts';
import type { OutputLimitName } from '../output-limit.ts';
import { usageFromAnthropic, usageFromGoogle, usageFromOpenAi } from '../usage.ts';
import { isObject, type Json, objectsIn } from '../json.ts';
import type { ChatFeature, ProviderCall, Vector } from '../provider.ts';
import { COMPATIBLE_MEDIA, GEMINI_MEDIA, type MediaProtocol, NO_MEDIA, OPENAI_MEDIA } from '../media/media.ts';
import type { Protocol } from './protocol.ts';
import { AnthropicReader } from './read-anthropic.ts';
import { GeminiReader } from './read-gemini.ts';
import { type AnswerReader, OpenAiReader } from './reader.ts';
import { JSON_TOOL, writeAnthropic } from './write-anthropic.ts';
import { writeGemini } from './write-gemini.ts';
import { writeOpenAi } from './write-openai.ts';

/** A chat as a protocol wants it, below the provider's address. */
export interface WrittenChat {
  readonly path: string;
  /** Beside its credentials: names and values in turn. */
  readonly headers: readonly string[];
  readonly body: object;
}

export interface Writing {
  readonly stream: boolean;
  readonly output_limit: OutputLimitName | null;
}

/** What is known of a provider before its SDK is loaded. */
export interface Family {
  /** Where the provider lives unless told otherwise; null when it has no fixed home. */
  readonly base_url: string | null;
  /** What an address without a path is short of. */
  readonly version_path: string;
  /**
   * The name of the output limit that its servers keep, for those that speak OpenAI's protocol: the byte pass-through can speak to
   * them. Null where the protocol has but one name, which its SDK sends.
   */
  readonly output_limit: OutputLimitName | null;
  /** Whether its streams are documented to end with a last word of their own: without it a stream was cut off, whatever it had said. */
  readonly last_word: boolean;
  /** What its protocol has words for. What a model of it does not take, it refuses by itself. */
  readonly honours: ReadonlySet<ChatFeature>;
  readonly imageTokensMax: ImageTokens;
  /** @throws Unwritable where a value is none that the protocol has words for */
  readonly write: (call: ProviderCall, writing: Writing) => WrittenChat;
  /** Whether its servers are known to keep the output limit; where any server may stand at the address, that has to be seen first. */
  readonly documented: boolean;
  /** How many texts one call makes vectors of; 0: it makes none. */
  readonly embeds_max: number;
  /** Whether embeddings are asked for as the bytes of their 32-bit floats: a quarter of the answer's size. */
  readonly vectors_as_base64: boolean;
  /** Whether embeddings take tokens in place of a text. */
  readonly embeds_tokens: boolean;
  /** What it does besides, over requests that are written here. */
  readonly media: MediaProtocol;
  /** The headers that show the key; none where there is none. */
  credentials(api_key: string): string[];
  /** What else than chats it serves, as an SDK speaks it; absent: nothing. */
  readonly load?: () => Promise<{ readonly protocol: Protocol }>;
  /** Reads the answer to a call in the provider's own protocol. */
  readonly reader: (call: ProviderCall) => AnswerReader;
  /** The usage of embeddings, and the member of their answer that holds it. */
  usage(report: unknown): Usage | null;
  readonly usage_member: string;
  /** Embeddings in the order of their inputs; undefined when the answer holds none. */
  vectors(answer: Json): Vector[] | undefined;
}

function vectorsOf(values: readonly unknown[]): Vector[] | undefined {
  const vectors = values.map((value) => (typeof value === 'string' ? floatsOf(value) : value));
  const whole = vectors.filter((value) => isVector(value));
  return whole.length === vectors.length ? whole : undefined;
}

function isVector(value: unknown): value is Vector {
  return (Array.isArray(value) || value instanceof Float32Array) && value.every(Number.isFinite);
}

/** Undefined where it is not the bytes of 32-bit floats. */
function floatsOf(base64: string): Float32Array | undefined {
  // Copied, as floats begin at a place that four divides.
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  return bytes.length === 0 || bytes.length % 4 !== 0 ? undefined : new Float32Array(bytes.buffer);
}

function features(names: string): ReadonlySet<ChatFeature> {
  return new Set(names.split(/\s+/u) as ChatFeature[]);
}

function openAiChat(call: ProviderCall, { stream, output_limit }: Writing, tiers: boolean): WrittenChat {
  return {
    path: '/chat/completions',
    headers: [],
    body: writeOpenAi(call, stream, { output_limit: output_limit ?? 'max_tokens', tiers }),
  };
}

const GEMINI: Family = {
  base_url: 'https://generativelanguage.googleapis.com/v1beta',
  version_path: '/v1beta',
  output_limit: null,
  last_word: false,
  honours: features(`temperature top_p top_k seed frequency_penalty presence_penalty stop reasoning_effort tools tool_choice
    strict_tools sequential_tool_calls failed_tool_result json json_schema image_url image_data`),
  imageTokensMax: geminiImageTokens,
  write: (call, { stream }) => ({
    path: `/${call.model.includes('/') ? '' : 'models/'}${call.model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    headers: [],
    body: writeGemini(call),
  }),
  documented: true,
  embeds_max: 100,
  vectors_as_base64: false,
  embeds_tokens: false,
  media: GEMINI_MEDIA,
  credentials: (key) => ['x-goog-api-key', key],
  load: () => import('./gemini.ts'),
  reader: ({ parallel_tool_calls }) => new GeminiReader(parallel_tool_calls === false),
  usage: usageFromGoogle,
  usage_member: 'usageMetadata',
  // One input is answered with one embedding, several with a list.
  vectors: ({ embedding, embeddings }) =>
    vectorsOf((isObject(embedding) ? [embedding] : objectsIn(embeddings)).map(({ values }) => values)),
};

const OPENAI: Family = {
  base_url: 'https://api.openai.com/v1',
  version_path: '/v1',
  // Covers reasoning as well, and is the only one that its reasoning models take.
  output_limit: 'max_completion_tokens',
  last_word: true,
  honours: features(`temperature top_p seed frequency_penalty presence_penalty stop reasoning_effort verbosity tools strict_tools
    tool_choice sequential_tool_calls json json_schema image_url image_data image_detail`),
  imageTokensMax: openAiImageTokens,
  write: (call, writing) => openAiChat(call, writing, true),
  documented: true,
  embeds_max: 2_048,
  vectors_as_base64: true,
  embeds_tokens: true,
  media: OPENAI_MEDIA,
  credentials: (key) => (key === '' ? [] : ['authorization', `Bearer ${key}`]),
  load: () => import('./openai.ts'),
  reader: () => new OpenAiReader(),
  usage: usageFromOpenAi,
  usage_member: 'usage',
  vectors: ({ data }) =>
    vectorsOf(
      objectsIn(data)
        .toSorted((one, other) => Number(one['index']) - Number(other['index']))
        .map(({ embedding }) => embedding),
    ),
};

const ANTHROPIC: Family = {
  base_url: 'https://api.anthropic.com/v1',
  version_path: '/v1',
  output_limit: null,
  last_word: true,
  honours: features(`temperature top_p top_k stop reasoning_effort thinking tools strict_tools tool_choice sequential_tool_calls
    failed_tool_result image_in_tool_result json json_schema image_url image_data thoughts cache`),
  imageTokensMax: claudeImageTokens,
  write: (call, { stream }) => ({
    path: '/messages',
    headers: ['anthropic-version', '2023-06-01'],
    body: writeAnthropic(call, stream),
  }),
  documented: true,
  embeds_max: 0,
  vectors_as_base64: false,
  embeds_tokens: false,
  media: NO_MEDIA,
  credentials: (key) => ['x-api-key', key],
  reader: ({ format }) => new AnthropicReader(format?.type === 'json' ? JSON_TOOL : undefined),
  usage: usageFromAnthropic,
  usage_member: 'usage',
  vectors: () => undefined,
};

const COMPATIBLE: Family = {
  ...OPENAI,
  base_url: null,
  // Ollama's documentation names no other, and most servers that copy OpenAI's protocol are older than its new name.
  output_limit: 'max_tokens',
  // Not all that copy the protocol copy its last word.
  last_word: false,
  vectors_as_base64: false,
  // Which tokens a text is to whatever model stands behind the address, nobody can say here.
  embeds_tokens: false,
  media: COMPATIBLE_MEDIA,
  // Whichever server it is, no rule of it is known by which it counts pictures.
  imageTokensMax: () => Number.POSITIVE_INFINITY,
  write: (call, writing) => openAiChat(call, writing, false),
  load: () => import('./openai-compatible.ts'),
};

/** Every provider that can be configured, by its id in settings and catalog. */
export const FAMILIES = {
  gemini: GEMINI,
  gemini_free: GEMINI,
  openai: OPENAI,
  anthropic: ANTHROPIC,
  ollama: COMPATIBLE,
  openai_compatible: { ...COMPATIBLE, documented: false },
} as const satisfies Record<string, Family>;

export type FamilyId = keyof typeof FAMILIES;
