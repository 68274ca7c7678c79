import type { Refusal, WorkspaceId } from '@purser/core';
import type { Complexity, ModelEntry } from '@purser/catalog';
import type { Caller } from '@purser/identity';
import type { RateHeadroom } from '@purser/limits';
import type { Money, Usage } from '@purser/money';

import type { AnswerPiece } from '@purser/providers';

import type { Piece } from './tasks/task.ts';

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

/** One governed call of any task. */
export interface TaskRequest<Input = unknown> {
  /** Absent: the plainest of the task. */
  readonly operation?: string;
  /** What the task is to work on, in its own form. */
  readonly input: Input;
  readonly complexity?: Complexity;
  /** Refused or made smaller rather than exceeded. */
  readonly cost_max?: Money;
  readonly model?: string;
  /** Who is asked when that one cannot be, or fails, in this order. */
  readonly models?: readonly string[];
  /** The end user, when the request itself names one. */
  readonly user?: string;
  readonly idempotency?: Idempotency;
  readonly arrival?: Arrival;
}

/** What is known of a call of any task when it is settled. */
export interface Called {
  /** Names this call; also its transaction id in every book. */
  readonly id: string;
  readonly transaction_id: string;
  readonly model: { readonly provider: string; readonly name: string; readonly version: string };
  /** As reported, or where nothing was, the bound that is booked. */
  readonly usage: Usage;
  readonly cost: Money;
  readonly credits: { readonly charged: bigint; readonly balance: bigint };
  readonly degraded: readonly Degradation[];
  readonly offline: boolean;
  /** True when an idempotency key found its first answer again. */
  readonly replayed: boolean;
}

/** A settled call with what its task made. */
export interface Spent<Result> extends Called {
  readonly result: Result;
}

/** A part of a streamed answer: a piece, its end as the endpoint wants it, or the refusal of what broke off. */
export type StreamedPart<End, P extends Piece = Piece> = P | End | { readonly type: 'refusal'; readonly refusal: Refusal };

/** The parts as they come. `replayed`: the answer was given before, under the same idempotency key; `call`: what is known before it ends. */
export type Streamed<End, P extends Piece = Piece> = AsyncIterable<StreamedPart<End, P>> & {
  readonly replayed?: true;
  readonly call: StreamedCall;
};

/** The last part of a stream of any task. */
export interface SpentEnd<Result> {
  readonly type: 'end';
  readonly spent: Spent<Result>;
}

/** The answer of a text call. */
export interface Answer extends Omit<Called, 'usage'> {
  readonly output: string;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  readonly finish: string;
}

export type StreamPart = StreamedPart<{ readonly type: 'end'; readonly answer: Answer }, AnswerPiece>;

/** The parts of an answer as they come. `replayed`: it was given before, under the same idempotency key. */
export type StreamedAnswer = AsyncIterable<StreamPart> & { readonly replayed?: true; readonly call: StreamedCall };

/** An OpenAI-shaped request whose bytes may pass through untouched but for what the gate must set. */
export interface OpenAiRequest {
  /** The parsed body of `POST /v1/chat/completions`; unknown members are kept and passed on. */
  readonly body: OpenAiChatBody;
  readonly idempotency?: Idempotency;
  readonly arrival?: Arrival;
}

export interface OpenAiChatBody {
  readonly model: string;
  readonly models?: readonly string[];
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

/** What is known of a stream before its first part. */
export interface StreamedCall extends ServedCall {
  /** The name by which its provider knows the model. */
  readonly model: string;
}

/** What a call cost and charged. */
export interface Bill extends ServedCall {
  readonly cost: Money;
  readonly charged: bigint;
}

export interface Gate {
  /** Which providers can be called for a task now. Asserts that the gate has the task. */
  offeredBy(task: string): ReadonlySet<string>;
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
  /**
   * Runs one call of a task to its end: the one way to spend. `signal` aborts when the caller has gone: the provider is cancelled and
   * what was spent is booked. Asserts that the gate has the task.
   */
  spend<Result>(caller: Caller, task: string, request: TaskRequest, signal: AbortSignal): Promise<Spent<Result> | Refusal>;
  /** The same, streaming: a refusal before the first piece is returned, one after it is the last part. */
  spendStreaming<Result>(
    caller: Caller,
    task: string,
    request: TaskRequest,
    signal: AbortSignal,
  ): Promise<Streamed<SpentEnd<Result>> | Refusal>;
  /** A text call. `signal` aborts when the caller has gone: the provider is cancelled and what was spent is booked. */
  generate(caller: Caller, request: GenerateRequest, signal: AbortSignal): Promise<Answer | Refusal>;
  /** The same, streaming: a refusal before the first byte is returned, one after it is the last part. */
  stream(caller: Caller, request: GenerateRequest, signal: AbortSignal): Promise<StreamedAnswer | Refusal>;
  /** The OpenAI door to the same gate. */
  chatCompletions(caller: Caller, request: OpenAiRequest, signal: AbortSignal): Promise<OpenAiResponse | Refusal>;
  /** For a request that a door refused before it could ask: counts it against its workspace's rate, and as its user's failure if it was one, and returns what the user is told. */
  recordClientError(caller: Caller, refusal: Refusal, arrival: Arrival | undefined): Promise<Refusal>;
  /** What is left of the rate of the caller's workspace, after its last call. */
  headroom(caller: Caller): RateHeadroom | undefined;
  /** Sends the probes that are due to those of the models that are closed until one has shown that they keep their output limit. */
  proveRoutes(models: readonly ModelEntry[]): Promise<void>;
  /** Resolves when every call answered before now is in the books, at most after `timeout_ms`: what a reader of the books waits for. */
  settled(timeout_ms: number): Promise<void>;
  /** Stops admitting, waits for calls in flight (at most `timeout_ms`), then leaves the rest to expire. */
  drain(timeout_ms: number): Promise<void>;
}
