import type { Refusal, WorkspaceId } from '@purser/core';
import type { ModelEntry } from '@purser/catalog';
import type { Caller } from '@purser/identity';
import type { Money } from '@purser/money';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** One governed call, as `POST /api/ai/generate` takes it. */
export interface GenerateRequest {
  readonly operation: string;
  readonly messages: readonly ChatMessage[];
  readonly complexity: 'simple' | 'medium' | 'complex';
  readonly output_tokens_max?: number;
  /** Refused or degraded rather than exceeded. */
  readonly cost_max?: Money;
  readonly model?: string;
  readonly idempotency?: Idempotency;
  /** From `arrive` or `act`: what the call belongs to was counted against its rate. */
  readonly arrival?: Arrival;
}

/** A request that was counted against its rate as it arrived. Good for what its caller and user ask for by it. */
export interface Arrival {
  readonly workspace: WorkspaceId;
  readonly user: string;
}

/** `request_hash` is the SHA-256 (hex) of the body as it came. */
export interface Idempotency {
  readonly key: string;
  readonly request_hash: string;
}

export interface Degradation {
  readonly what: string;
  readonly why: string;
}

export interface Answer {
  /** Names this call; also its transaction id in every book. */
  readonly id: string;
  readonly transaction_id: string;
  readonly output: string;
  readonly model: { readonly provider: string; readonly name: string; readonly version: string };
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  readonly cost: Money;
  readonly credits: { readonly charged: bigint; readonly balance: bigint };
  readonly degraded: readonly Degradation[];
  readonly offline: boolean;
  readonly finish: string;
  /** True when an idempotency key found its first answer again. */
  readonly replayed: boolean;
}

export type StreamPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end'; readonly answer: Answer }
  | { readonly type: 'refusal'; readonly refusal: Refusal };

/** The parts of an answer as they come. `replayed`: it was given before, under the same idempotency key. */
export type StreamedAnswer = AsyncIterable<StreamPart> & { readonly replayed?: true };

/** An OpenAI-shaped request whose bytes may pass through untouched but for what the gate must set. */
export interface OpenAiRequest {
  /** The parsed body of `POST /v1/chat/completions`; unknown members are kept and passed on. */
  readonly body: OpenAiChatBody;
  readonly idempotency?: Idempotency;
  readonly arrival?: Arrival;
}

export interface OpenAiChatBody {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly stream?: boolean;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly user?: string;
  readonly [member: string]: unknown;
}

/** What the OpenAI door sends: whole bytes, or chunks as they come. Its books follow within the next batch; see `Gate.settled`. */
export type OpenAiResponse = {
  /** It was given before, under the same idempotency key. */
  readonly replayed?: true;
} & (
  | { readonly kind: 'whole'; readonly status: number; readonly body: Uint8Array; readonly bill: Bill }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array>; readonly call: ServedCall }
);

/** What is known of a call as soon as it is served. */
export interface ServedCall {
  readonly id: string;
  readonly degraded: readonly Degradation[];
  readonly offline: boolean;
}

/** What a call cost and charged. */
export interface Bill extends ServedCall {
  readonly cost: Money;
  readonly charged: bigint;
}

export interface Gate {
  /**
   * Asks, before the body of a call is parsed, whether it comes too often: whoever was refused a moment ago costs no work by the size of
   * what it sends. `user` is the one the body names. An arrival goes with the call, which is then not counted again.
   */
  arrive(caller: Caller, user: string | undefined): Arrival | Refusal | undefined | Promise<Arrival | Refusal | undefined>;
  /**
   * Counts one action of a user at an endpoint that takes several calls. Rates and gaps are for actions: the calls that bring the arrival
   * with them are steps of it, and count no more.
   */
  act(caller: Caller, user: string | undefined): Promise<Arrival | Refusal>;
  /** Runs one call to its end. `signal` aborts when the caller has gone: the provider is cancelled and what was spent is booked. */
  generate(caller: Caller, request: GenerateRequest, signal: AbortSignal): Promise<Answer | Refusal>;
  /** The same, streaming: a refusal before the first byte is returned, one after it is the last part. */
  stream(caller: Caller, request: GenerateRequest, signal: AbortSignal): Promise<StreamedAnswer | Refusal>;
  /** The OpenAI door to the same gate. */
  chatCompletions(caller: Caller, request: OpenAiRequest, signal: AbortSignal): Promise<OpenAiResponse | Refusal>;
  /** For a request that a door refused before it could ask: counts it against its workspace's rate, and as its user's failure if it was one, and returns what the user is told. */
  mistaken(caller: Caller, refusal: Refusal, arrival: Arrival | undefined): Promise<Refusal>;
  /** Sends the probes that are due to those of the models that are closed until one has shown that they keep their output limit. */
  proveRoutes(models: readonly ModelEntry[]): Promise<void>;
  /** Resolves when every call answered before now is in the books, at most after `timeout_ms`: what a reader of the books waits for. */
  settled(timeout_ms: number): Promise<void>;
  /** Stops admitting, waits for calls in flight (at most `timeout_ms`), then leaves the rest to expire. */
  drain(timeout_ms: number): Promise<void>;
}
