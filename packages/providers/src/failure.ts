import { redactSecrets } from '@purser/log';

import { blameOf } from './blame.ts';
import { type Billed, ProviderError, type ProviderErrorDetails, type ProviderErrorKind } from './provider.ts';
import type { AnswerRecord } from './answer-record.ts';
import { type AnswerHeaders, BodyTooLong, type TransportError } from './upstream/transport.ts';

/** What a provider bills for a call that fails, by its own terms (`failed_calls` of the catalog). What is not stated is unknown. */
export type FailedCallBilling = Readonly<
  Partial<
    Record<
      'server_error' | 'overloaded' | 'rate_limited' | 'refused' | 'cut_before_first_byte' | 'cut_after_first_byte' | 'time_out',
      'no' | 'yes' | 'unknown'
    >
  >
>;

/** What is known when a call fails, with the secrets that must not come out of it. */
export interface FailureContext {
  readonly provider: string;
  readonly billing: FailedCallBilling;
  /** Keys and other texts to strike out wherever they occur. */
  readonly secrets: readonly string[];
  /** The provider's own name for the call, once its answer has begun. */
  readonly request_id?: string | undefined;
}

/** What is known once the answer has begun: whatever fails from here on, the provider can be asked about it by its own name. */
export function begun(context: FailureContext, headers: AnswerHeaders): FailureContext {
  return { ...context, request_id: requestId(headers) };
}

function named({ request_id }: FailureContext): Pick<ProviderErrorDetails, 'request_id'> {
  return request_id === undefined ? {} : { request_id };
}

/** Provider words kept for the log; longer ones are often a page of HTML. */
const CAUSE_CHARACTERS_MAX = 500;

/** A provider that is too busy, or cannot do it at all, says so before it begins. */
const OVERLOADED = new Set([501, 503, 529]);

/** An answer with an error status, as a `ProviderError`. The provider's own words go into the cause only, without secrets. */
export function statusFailure(context: FailureContext, status: number, headers: AnswerHeaders, body: string): ProviderError {
  const [kind, billed] = judgeStatus(status, context.billing);
  const retry_after_ms = retryAfter(headers);
  return new ProviderError(context.provider, `${STATUS_WORDS[kind]} (HTTP ${status})`, {
    kind,
    billed,
    status,
    ...(status >= 400 && status < 500 ? { blame: blameOf(status, body) } : {}),
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
    ...named(begun(context, headers)),
    cause: new Error(quoted(body, context.secrets)),
  });
}

const STATUS_WORDS: Readonly<Record<ProviderErrorKind, string>> = {
  timeout: 'did not answer in time',
  refused: 'refused the call',
  rate_limited: 'is limiting our rate',
  unavailable: 'is not available',
  garbage: 'sent an answer that its protocol does not allow',
};

function judgeStatus(status: number, billing: FailedCallBilling): readonly [ProviderErrorKind, Billed] {
  // What is refused, or sent away because there is too much to do, has not begun, unless the provider's terms say otherwise.
  if (status === 429) return ['rate_limited', billedOf(billing.rate_limited ?? 'no')];
  if (status === 408) return ['timeout', billedOf(billing.time_out)];
  if (status >= 400 && status < 500) return ['refused', billedOf(billing.refused ?? 'no')];
  if (OVERLOADED.has(status)) return ['unavailable', billedOf(billing.overloaded ?? billing.server_error ?? 'no')];
  if (status >= 500) return ['unavailable', billedOf(billing.server_error)];
  // Sent elsewhere, where nobody goes: nothing has begun.
  return ['garbage', status >= 300 && status < 400 ? 'no' : 'unknown'];
}

/** That a failure is billed does not say how much. */
function billedOf(term: 'no' | 'yes' | 'unknown' | undefined): 'no' | 'unknown' {
  return term === 'no' ? 'no' : 'unknown';
}

/** A connection that failed, a time limit, or a caller who left. */
export function transportFailure(context: FailureContext, error: TransportError, record?: AnswerRecord): ProviderError {
  const ended = error.aborted || isTimeout(error.cause);
  const { time_out, cut_before_first_byte, cut_after_first_byte } = context.billing;
  const term = ended ? time_out : error.headers ? cut_after_first_byte : cut_before_first_byte;
  const otherwise = error.sent ? billedOf(term) : 'no';
  const cost = {
    ...(record === undefined ? { billed: otherwise } : billedBy(record, otherwise)),
    ...named(error.headers ? begun(context, error.headers) : context),
  };
  const cause = new Error(quoted(causeText(error.cause), context.secrets));
  if (ended) {
    return new ProviderError(context.provider, STATUS_WORDS.timeout, { kind: 'timeout', ...cost, cause });
  }
  if (error.cause instanceof BodyTooLong) {
    return new ProviderError(context.provider, 'wrote far more than its output limit and was stopped', {
      kind: 'garbage',
      ...cost,
      overlong: true,
      cause,
    });
  }
  return new ProviderError(context.provider, error.sent ? 'closed the connection' : 'cannot be reached', {
    kind: 'unavailable',
    ...cost,
    cause,
  });
}

/** Bytes that are not what the protocol promises. */
export function garbageFailure(context: FailureContext, what: string, seen: string, billed: Billed = 'unknown'): ProviderError {
  const cause = new Error(quoted(seen, context.secrets));
  return new ProviderError(context.provider, what, { kind: 'garbage', billed, cause, ...named(context) });
}

type Term = keyof FailedCallBilling;

/** What a provider that tells an error inside an answer means by its type or code, and under which of its terms that falls. */
const SPOKEN: readonly (readonly [RegExp, ProviderErrorKind, Term])[] = [
  [/broken_json/iu, 'garbage', 'cut_after_first_byte'],
  [/overloaded|unavailable|capacity|\b(?:502|503|529)\b/iu, 'unavailable', 'overloaded'],
  [/rate_limit|too_many_requests|resource_exhausted|quota|\b429\b/iu, 'rate_limited', 'rate_limited'],
  [/invalid_request|authentication|permission|not_found|invalid_argument|\b40[0-4]\b/iu, 'refused', 'refused'],
  [/(?:)/u, 'unavailable', 'server_error'],
];
/** Terms under which a call has not begun, unless the provider says otherwise. */
const NOT_BEGUN: ReadonlySet<Term> = new Set(['overloaded', 'rate_limited', 'refused']);

/**
 * An error inside an answer that had begun with 200. A provider that turns a call away before it has generated anything bills as it
 * does for the status that means the same; after that its final report is the bill, and without one nobody knows.
 */
export function spokenFailure(context: FailureContext, record: AnswerRecord): ProviderError {
  const type = record.error?.type ?? '';
  const [, kind, term] = SPOKEN.find(([pattern]) => pattern.test(type)) ?? [/(?:)/u, 'unavailable', 'server_error'];
  const billing = record.bytes > 0 ? context.billing.cut_after_first_byte : context.billing[term];
  const billed = billedOf(billing ?? (record.bytes === 0 && NOT_BEGUN.has(term) ? 'no' : undefined));
  const words = kind === 'unavailable' ? 'answered with an error' : STATUS_WORDS[kind];
  return recordedFailure(context, record, kind, words, `${type}: ${record.error?.message ?? ''}`, billed);
}

/** An answer that is none: it ended before it said so, or has nothing in it. */
export function noAnswerFailure(context: FailureContext, record: AnswerRecord): ProviderError {
  const words = record.complete ? 'answered nothing' : 'ended its answer early';
  return recordedFailure(context, record, 'garbage', words, `finish ${record.finish ?? 'not given'}`, 'unknown');
}

function recordedFailure(
  context: FailureContext,
  record: AnswerRecord,
  kind: ProviderErrorKind,
  words: string,
  seen: string,
  billed: 'no' | 'unknown',
): ProviderError {
  return new ProviderError(context.provider, words, {
    kind,
    ...billedBy(record, billed),
    ...named(context),
    cause: new Error(quoted(seen, context.secrets)),
  });
}

/** What a call that broke has come to: its final report, or else what is known without one. */
function billedBy(record: AnswerRecord, otherwise: 'no' | 'unknown'): Pick<ProviderErrorDetails, 'billed' | 'at_least'> {
  const { report } = record;
  if (report.certainty === 'final') return { billed: report.usage };
  if (report.certainty === 'none' || otherwise === 'no') return { billed: otherwise };
  return { billed: otherwise, at_least: report.usage };
}

const TIMEOUT_CODES = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function isTimeout(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && TIMEOUT_CODES.has(cause.code);
}

function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause === 'string' ? cause : 'no reason given';
  return cause.cause instanceof Error ? `${cause.message}: ${causeText(cause.cause)}` : `${cause.name}: ${cause.message}`;
}

/** Without secrets, and cut to a line or two. */
function quoted(text: string, secrets: readonly string[]): string {
  return redactSecrets(text, secrets).slice(0, CAUSE_CHARACTERS_MAX);
}

/**
 * `retry-after-ms`, or `Retry-After` in seconds or as a date. A date is measured against the answer's own `Date`, so neither
 * side's clock matters.
 */
export function retryAfter(headers: AnswerHeaders): number | undefined {
  const milliseconds = Number(one(headers, 'retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
  const given = one(headers, 'retry-after');
  if (given === undefined) return undefined;
  const seconds = Number(given);
  if (Number.isFinite(seconds) && seconds >= 0) return Math.round(seconds * 1000);
  const wait = Date.parse(given) - Date.parse(one(headers, 'date') ?? '');
  return Number.isFinite(wait) && wait >= 0 ? wait : undefined;
}

/** The provider's own name for the call, for disputes. */
export function requestId(headers: AnswerHeaders): string | undefined {
  return one(headers, 'x-request-id') ?? one(headers, 'request-id') ?? one(headers, 'x-goog-request-id');
}

function one(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
