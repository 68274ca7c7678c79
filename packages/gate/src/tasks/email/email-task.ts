import { BrokenInvariant, type Refusal, refuse } from '@purser/core';
import type { Carrier, Dispatch, Handover, SendLedger, SendResult } from '@purser/mail';
import { actualCost, divide, type Usage } from '@purser/money';
import { finalReport, ProviderError } from '@purser/providers';

import { fitSteps, type FittedStep } from '../fit-steps.ts';
import type { Fitting, Outcome, Size, Sizing, Task, TaskCall } from '../task.ts';

export interface EmailInput {
  /** How many messages are to leave, `SLICE_MAX` at most. */
  readonly messages: number;
  /** Which, and how far that has come. */
  readonly ledger: SendLedger;
}

/** What came of the messages that were begun. */
export interface EmailResult {
  /** The most that were held for: fewer than asked for where a quota or the pool leaves fewer. */
  readonly allowed: number;
  readonly accepted: number;
  readonly refused: number;
  /** Not taken, and may be later. */
  readonly deferred: number;
  /** Nobody knows whether they were taken. */
  readonly unconfirmed: number;
}

type FittedEmail = FittedStep<number>;

/** One hold is for so many messages at most: what a process that dies leaves unresolved. */
export const SLICE_MAX = 50;
/** So many are handed over side by side, and written down together before and after. */
const GROUP_MAX = 10;

/**
 * Messages handed over to a carrier, billed by the message that it took. What a carrier refused or did not take is not billed; what it
 * may have taken without an answer is neither billed nor counted here: the provider's events or its bill say so later.
 */
export class EmailTask implements Task<EmailInput, Size, FittedEmail, EmailResult> {
  readonly name = 'email';
  /** A plan's e-mail has one carrier. */
  readonly substitutes = false;
  /** Slices of a campaign follow one another behind one request, which was counted. */
  readonly rated = false;
  readonly #carriers: ReadonlyMap<string, Carrier>;
  readonly #offered: ReadonlySet<string>;

  constructor(carriers: readonly Carrier[]) {
    this.#carriers = new Map(carriers.map((carrier) => [carrier.provider, carrier]));
    this.#offered = new Set(this.#carriers.keys());
  }

  offeredBy(): ReadonlySet<string> {
    return this.#offered;
  }

  size({ input: { messages } }: Sizing<EmailInput>): Size | Refusal {
    if (messages >= 1 && messages <= SLICE_MAX) return {};
    return refuse('request_too_large', `got ${messages} messages, want 1 to ${SLICE_MAX} at once`);
  }

  /** As many of them as quotas and money leave: the rest is for whoever asked to send later, or not at all. */
  fit(question: Fitting<EmailInput, Size>): FittedEmail | Refusal {
    const { messages } = question.input;
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      () =>
        Array.from({ length: messages }, (_, less) => {
          const shape = messages - less;
          return { shape, most: usageOf(shape), ...(less > 0 && { smaller: `${shape} messages instead of ${messages}` }) };
        }),
    );
  }

  most({ most }: FittedEmail): Usage {
    return most;
  }

  costOf({ price }: FittedEmail, usage: Usage) {
    return actualCost(price, usage);
  }

  counted({ emails = 0 }: Usage) {
    return { email: emails };
  }

  async run({ input, fitted, transaction, signal }: TaskCall<EmailInput, FittedEmail>): Promise<Outcome<EmailResult>> {
    const { model, shape: allowed, worst_cost } = fitted;
    const carrier = this.#carriers.get(model.provider);
    if (carrier === undefined) throw new BrokenInvariant(`${model.id} was chosen, and nothing carries its e-mail`);
    const cost_each = { nanos: divide(worst_cost.nanos, BigInt(allowed), 'up'), currency: worst_cost.currency };
    const dispatch: Dispatch = { transaction, provider: model.provider, cost_each };
    const done = await handOver(carrier, input.ledger, allowed, dispatch, signal);
    const count = (kind: Handover['kind']): number => done.filter(({ handover }) => handover.kind === kind).length;
    const [accepted, deferred] = [count('accepted'), count('deferred')];
    if (deferred > 0 && deferred === done.length) throw notTaken(model.provider, done);
    return {
      result: { allowed, accepted, deferred, refused: count('refused'), unconfirmed: count('unconfirmed') },
      usage: finalReport(usageOf(accepted)),
      model: { name: model.name },
      empty: accepted === 0,
    };
  }

  keep(result: EmailResult): unknown {
    return result;
  }

  restore(kept: unknown): EmailResult {
    return kept as EmailResult;
  }
}

function usageOf(emails: number): Usage {
  return { input_tokens: 0, output_tokens: 0, emails };
}

/** Group by group, until all have left, the carrier takes no more for now, or the time is over. */
async function handOver(
  carrier: Carrier,
  ledger: SendLedger,
  allowed: number,
  dispatch: Dispatch,
  signal: AbortSignal,
): Promise<readonly SendResult[]> {
  const done: SendResult[] = [];
  while (done.length < allowed && !signal.aborted) {
    const may = await mayHandOver(carrier, Math.min(allowed - done.length, GROUP_MAX), done, signal);
    const emails = may === 0 || signal.aborted ? [] : await ledger.begin(may, dispatch);
    if (emails.length === 0) break;
    // What has begun is waited for: each handover has a time limit of its own.
    const results = await Promise.all(emails.map(async (email) => ({ email, handover: await carrier.deliver(email) })));
    await ledger.note(results, dispatch);
    done.push(...results);
    if (results.some(({ handover }) => handover.kind === 'deferred')) break;
  }
  return done;
}

/** A carrier that does not say what it takes takes nothing more. */
async function mayHandOver(carrier: Carrier, wanted: number, done: readonly SendResult[], signal: AbortSignal): Promise<number> {
  try {
    return await carrier.pace(wanted, signal);
  } catch (error) {
    if (done.length > 0) return 0;
    throw new ProviderError(carrier.provider, 'does not say how much it takes', {
      kind: 'unavailable',
      billed: 'no',
      cause: error,
    });
  }
}

function notTaken(provider: string, done: readonly SendResult[]): ProviderError {
  const why = done.map(({ handover }) => handover).find((handover) => handover.kind === 'deferred');
  const wait = why?.retry_after_ms === undefined ? {} : { retry_after_ms: why.retry_after_ms };
  return new ProviderError(provider, 'takes no messages at the moment', {
    kind: 'unavailable',
    billed: 'no',
    cause: new Error(why?.reason),
    ...wait,
  });
}
