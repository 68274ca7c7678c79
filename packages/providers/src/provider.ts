import { Fault } from '@purser/core';
import type { Usage } from '@purser/money';
import type { Blame } from './blame.ts';
import type { AnswerFormat, AnswerPart, AnswerPiece, ContentPart, ImagePart, ToolChoice, ToolDefinition } from './chat/parts.ts';
import type { ImageAbilities, ImageAnswer, ImageCall } from './media/images.ts';
import type { ModerationAbilities, ModerationAnswer, ModerationCall } from './media/moderation.ts';
import type { SpeechAbilities, SpeechCall, SpeechEvent } from './media/speech.ts';
import type {
  TranscriptionAbilities,
  TranscriptionAnswer,
  TranscriptionCall,
  TranscriptionEvent,
} from './media/transcription.ts';
import type { ProviderModel } from './provider-model.ts';
import type { UsageReport } from './usage-report.ts';

import type { OutputLimitName } from './output-limit.ts';

export type { ProviderModel } from './provider-model.ts';

export interface ProviderMessage {
  readonly role: 'system' | 'user' | 'assistant';
  /** Results of tools stand in a user's message. */
  readonly content: string | readonly ContentPart[];
}

/** How a model is to choose its words, by OpenAI's names. A provider takes those that it `honours`; any other is refused before it is asked. */
export interface CallSettings {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly seed?: number;
  readonly frequency_penalty?: number;
  readonly presence_penalty?: number;
  /** Texts at which the answer ends. */
  readonly stop?: readonly string[];
  /** How much it is to think: OpenAI's `none`, `minimal`, `low`, `medium`, `high`, and what else a provider knows. */
  readonly reasoning_effort?: string;
  readonly verbosity?: string;
  /** Anthropic's `thinking`, as the caller wrote it. */
  readonly thinking?: object;
}

/** A chat in whichever wire format it was asked for, in no provider's words. */
export interface ChatRequest {
  readonly messages: readonly ProviderMessage[];
  readonly settings?: CallSettings;
  readonly tools?: readonly ToolDefinition[];
  readonly tool_choice?: ToolChoice;
  /** False: one call of a tool at a time. */
  readonly parallel_tool_calls?: boolean;
  readonly format?: AnswerFormat;
}

/** What a request may ask for beyond a text for a text: a provider that does not `honour` it is not asked. */
export type ChatFeature =
  | keyof CallSettings
  | 'tools'
  | 'strict_tools'
  | 'tool_choice'
  | 'sequential_tool_calls'
  | 'failed_tool_result'
  | 'image_in_tool_result'
  | 'json'
  | 'json_schema'
  | 'image_url'
  | 'image_data'
  | 'image_detail'
  | 'thoughts'
  | 'cache';

/** One physical call. Whoever makes it has already held its worst case, so `output_tokens_max` always travels with it. */
export interface ProviderCall extends ChatRequest {
  /** The id of the configured provider: `gemini`, `gemini_free`, `openai`, `anthropic`, `ollama`, `offline` … */
  readonly provider: string;
  /** The model's name as the provider knows it. */
  readonly model: string;
  /** The version a pin names; echoed in the answer, never sent. */
  readonly version?: string;
  readonly output_tokens_max: number;
  /** What to call that, where the server has been seen to keep another name than the provider's usual one. */
  readonly output_limit?: OutputLimitName;
  /** Ends the call: a time limit, or a client that went away. */
  readonly signal: AbortSignal;
  /** The catalog's operation (`summarise`, `draft` …). Models read it from the messages; the offline provider works by it. */
  readonly operation?: string;
  /** The end user inside the workspace, already made anonymous. */
  readonly user?: string;
}

export type Finish = 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'other';

export interface ProviderAnswer {
  readonly text: string;
  /** All of it in order, where it is more than text. */
  readonly parts?: readonly AnswerPart[];
  /** The text at which it was to stop, where the provider says which one it was. */
  readonly stop_sequence?: string;
  readonly usage: UsageReport;
  readonly model: ProviderModel;
  readonly request_id?: string;
  readonly finish: Finish;
  /** True when no model was asked: the answer was made here by rules. */
  readonly offline: boolean;
}

/** A stream is any number of pieces, then exactly one end; a stream that breaks throws a `ProviderError` instead of ending. */
export type StreamEvent = AnswerPiece | { readonly type: 'end'; readonly answer: ProviderAnswer };

/** A text, or the tokens it is to the model. */
export type EmbeddingText = string | readonly number[];

/** As decimals, or as the 32-bit floats that they are: a quarter of the memory, and nothing to write out for who wants bytes. */
export type Vector = readonly number[] | Float32Array;

export interface EmbedCall {
  readonly provider: string;
  readonly model: string;
  /** Texts, or the tokens of texts where the provider takes them (`embeds_tokens`). */
  readonly inputs: readonly EmbeddingText[];
  readonly dimensions?: number;
  readonly signal: AbortSignal;
}

export interface EmbedAnswer {
  /** One vector per input, in the order of the inputs. */
  readonly vectors: readonly Vector[];
  readonly usage: Usage | null;
  readonly model: ProviderModel;
  readonly offline: boolean;
}

/** One physical call per method call: no provider retries on its own, because each attempt is booked apart. */
export interface Provider {
  readonly id: string;
  readonly offline: boolean;
  /** What it does as told; see `ChatFeature`. */
  readonly honours: ReadonlySet<string>;
  /** The most tokens that it counts a picture in a prompt as; absent: it is not known to be bounded. */
  readonly imageTokensMax?: (model: string, image: ImagePart) => number;
  /** @throws ProviderError */
  generate(call: ProviderCall): Promise<ProviderAnswer>;
  /** Leaving the loop early aborts the upstream call. @throws ProviderError while iterating */
  stream(call: ProviderCall): AsyncIterable<StreamEvent>;
  /** Present when this provider makes embeddings. @throws ProviderError */
  embed?(call: EmbedCall): Promise<EmbedAnswer>;
  /** How many texts one call makes vectors of; absent: any number. */
  readonly embeds_max?: number;
  /** Whether it takes tokens in place of a text. */
  readonly embeds_tokens?: boolean;
  /** Present when this provider draws images. @throws ProviderError */
  draw?(call: ImageCall): Promise<ImageAnswer>;
  readonly draws?: ImageAbilities;
  /** Present when this provider speaks. Leaving the loop early aborts its work. @throws ProviderError while iterating */
  speak?(call: SpeechCall): AsyncIterable<SpeechEvent>;
  readonly speaks?: SpeechAbilities;
  /** Present when this provider writes recordings down, whole and as it hears them. @throws ProviderError */
  transcribe?(call: TranscriptionCall): Promise<TranscriptionAnswer>;
  streamTranscription?(call: TranscriptionCall): AsyncIterable<TranscriptionEvent>;
  readonly transcribes?: TranscriptionAbilities;
  /** Present when this provider judges what is not allowed. @throws ProviderError */
  moderate?(call: ModerationCall): Promise<ModerationAnswer>;
  readonly moderates?: ModerationAbilities;
}

/**
 * - `timeout`: the time limit passed, or the caller's signal fired
 * - `refused`: the provider said no (4xx other than 429): the same call will be refused again
 * - `rate_limited`: 429; `retry_after_ms` when the provider named it
 * - `unavailable`: 5xx, or no connection
 * - `garbage`: an answer that is not what the protocol promises
 */
export type ProviderErrorKind = 'timeout' | 'refused' | 'rate_limited' | 'unavailable' | 'garbage';

/**
 * What a failed call may have cost: `no` when the provider cannot have billed it (it refused, or was never reached),
 * `unknown` when work may have been done, a usage when the provider's final report came before the call broke.
 */
export type Billed = 'no' | 'unknown' | Usage;

export interface ProviderErrorDetails {
  readonly kind: ProviderErrorKind;
  readonly billed: Billed;
  /** The highest usage reported under way, where `billed` is unknown: the bill is no smaller. */
  readonly at_least?: Usage;
  /** Its answer was longer than the output limit allows, and was cut off. */
  readonly overlong?: boolean;
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** What it finds wrong, when it said no. */
  readonly blame?: Blame;
  readonly retry_after_ms?: number;
  readonly request_id?: string;
  /** Text that had reached the caller when a stream broke. */
  readonly delivered?: string;
  /** For the log. It must be free of keys; `providerErrorFrom` sees to that. */
  readonly cause?: unknown;
}

/** A provider did not serve a call. The message is public: it names the provider and the failure, no key and no address. */
export class ProviderError extends Fault {
  readonly provider: string;
  readonly kind: ProviderErrorKind;
  readonly billed: Billed;
  readonly at_least: Usage | undefined;
  readonly overlong: boolean;
  readonly status: number | undefined;
  readonly blame: Blame | undefined;
  readonly retry_after_ms: number | undefined;
  readonly request_id: string | undefined;
  readonly delivered: string;
  /** Only the key that was used is at its end: the same call with another key of the provider may be served. */
  another_key = false;

  constructor(provider: string, message: string, details: ProviderErrorDetails) {
    super(`${provider}: ${message}`, {
      retryable: details.kind !== 'refused',
      ...(details.cause === undefined ? {} : { cause: details.cause }),
    });
    this.name = 'ProviderError';
    this.provider = provider;
    this.kind = details.kind;
    this.billed = details.billed;
    this.at_least = details.at_least;
    this.overlong = details.overlong ?? false;
    this.status = details.status;
    this.blame = details.blame;
    this.retry_after_ms = details.retry_after_ms;
    this.request_id = details.request_id;
    this.delivered = details.delivered ?? '';
  }
}
