import type { ModelEntry, Operation } from '@purser/catalog';
import type { HoldId, Refusal } from '@purser/core';
import type { ModelPrice, Money, Unpriced, Usage } from '@purser/money';
import type { Policy } from '@purser/policy';
import type { AnswerPiece, UsageReport } from '@purser/providers';
import type { Degradation, Headroom, Proof } from '@purser/routing';

/** What a request amounts to before a model is chosen. */
export interface Size {
  /** What was cut to what the plan allows, for the caller to know. */
  readonly cut?: Degradation;
}

/** A request that was made to fit: who serves it, and what it may come to. Its limits are sent with it, or the worst case is none. */
export interface Fitted {
  readonly model: ModelEntry;
  readonly price: ModelPrice;
  /** In the currency of the price. */
  readonly worst_cost: Money;
  /** The most its provider can bill, whatever limit it was sent. */
  readonly dearest_cost: Money;
  readonly degraded: readonly Degradation[];
}

/** Under which terms the size of a request is judged. */
export interface Sizing<Input> {
  readonly input: Input;
  readonly operation: Operation;
  readonly policy: Policy;
}

/** What a request has to fit into. */
export interface Fitting<Input, S extends Size> extends Sizing<Input> {
  readonly size: S;
  /** Best choice first. */
  readonly candidates: readonly ModelEntry[];
  /** The price of a model at this moment; undefined: nobody knows, and the model is not used. */
  readonly priceOf: (model: ModelEntry) => ModelPrice | undefined;
  /** What bounds the worst case in money. */
  readonly headrooms: readonly Headroom[];
  /** What bounds the most that a provider can bill for the call, whatever limit it was sent; absent: not asked. */
  readonly dearest_headroom?: Headroom;
  /** What quotas leave of a unit; one that is absent is not known to be short. */
  readonly units_left: ReadonlyMap<string, bigint>;
}

/** One call to a provider. Its worst case is held. */
export interface TaskCall<Input, F extends Fitted> {
  readonly input: Input;
  readonly fitted: F;
  readonly operation: Operation;
  readonly transaction: HoldId;
  /** Ends the call: its time, or a caller that left and whose answer is not read on. */
  readonly signal: AbortSignal;
}

/** What a provider answered. */
export interface Outcome<Result> {
  readonly result: Result;
  /** As the provider said it. Absent usage is not zero: it is booked by its bound. */
  readonly usage: UsageReport;
  /** What it says it ran. */
  readonly model: { readonly name: string; readonly version?: string };
  readonly request_id?: string;
  /** There is nothing in it: it is charged to nobody. */
  readonly empty?: boolean;
}

/** A part of a streamed answer as it is delivered. */
export type Piece = AnswerPiece | { readonly type: 'bytes'; readonly bytes: Uint8Array };

/** Any number of pieces, then exactly one end; a stream that breaks throws a `ProviderError` instead of ending. */
export type TaskEvent<Result, P extends Piece = Piece> = P | { readonly type: 'end'; readonly outcome: Outcome<Result> };

/** How it is found out whether a provider keeps the limits that it is sent. */
export interface LimitProofs {
  /** Nothing needs to be proven as long as it keeps them. */
  documented(provider: string): boolean;
  /** Sends a probe of ours. @throws ProviderError when there is no answer to judge by */
  prove(model: ModelEntry, stream: boolean): Promise<Proof>;
}

/**
 * A kind of work. Holds, settles, drains, idempotency, fallbacks and books are the engine's; a task says the rest. Its quotas are those
 * of the catalog that count on it by its name.
 */
export interface Task<Input = unknown, S extends Size = Size, F extends Fitted = Fitted, Result = unknown> {
  /** As models, operations and quotas of the catalog name it. */
  readonly name: string;
  /** False: an answer of another model than the first choice is no substitute, so that none is asked. Absent: it is. */
  readonly substitutes?: boolean;
  /** False: its calls follow one another behind a request that was counted, and count against no rate. Absent: each counts. */
  readonly rated?: boolean;
  /** Which providers can be called for it now. */
  offeredBy(): ReadonlySet<string>;
  /** What of a request a provider, or its model, cannot do as asked, in words for the caller; undefined: nothing. Absent: each can do all. */
  unfit?(input: Input, provider: string, model: ModelEntry): string | undefined;
  /** How large the request is. One that is larger than the plan allows is refused, or cut. */
  size(question: Sizing<Input>): S | Refusal;
  /**
   * What it costs at worst, made to fit: smaller, else by the next candidate, else refused with the code of what was too small. What it
   * returns costs at most every room even in the worst case, and takes no more of a unit than is left of it.
   */
  fit(question: Fitting<Input, S>): F | Refusal;
  /** The most it can use under the limits of `fitted`: what is booked where the provider does not say. */
  most(fitted: F): Usage;
  /** What a usage costs. Unpriced: the worst case stands for it. */
  costOf(fitted: F, usage: Usage): Money | Unpriced;
  /** What a usage takes of quotas, by their units. */
  counted(usage: Usage): Readonly<Record<string, number>>;
  /** Runs it to its end. @throws ProviderError */
  run(call: TaskCall<Input, F>): Promise<Outcome<Result>>;
  /** Absent: it cannot be streamed. Leaving the loop early aborts the provider's work. */
  stream?(call: TaskCall<Input, F>): AsyncIterable<TaskEvent<Result>>;
  /** The result as JSON, to be given again under its idempotency key, and back; undefined: it is too large to be kept. */
  keep(result: Result): unknown;
  restore(kept: unknown): Result;
  /** Absent: its providers keep their limits, and one that did not is tried again after a wait. */
  readonly limits?: LimitProofs;
}
