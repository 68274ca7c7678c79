import { type Refusal, type RefusalCode, refuse } from '@purser/base';
import { ProviderError } from '@purser/providers';
import type { Failure, Route } from '@purser/routing';

import type { Engine } from './deps.ts';
import type { Serving } from './serve.ts';

/** What an operator reads of a provider that failed: its own words, without secrets. */
export interface ProviderFailure extends Route {
  readonly kind: ProviderError['kind'];
  readonly status: number | null;
  readonly words: string | null;
  readonly request_id: string | null;
  readonly billed: 'no' | 'unknown' | 'reported';
  readonly hold: string;
}

/** The call itself is wrong: whoever else is asked will say the same. */
export function isCallersOwn(error: unknown): boolean {
  return error instanceof ProviderError && error.blame === 'call';
}

/** Notes a failed call against its route, as far as it is the provider's, and tells the operator. */
export async function noteFailure(engine: Engine, { held, start, probe, time }: Serving, error: unknown): Promise<void> {
  const route = { provider: held.fitted.model.provider, model: held.fitted.model.id };
  // A caller that left before the answer, and what never reached the provider, say nothing about it.
  const tells = error instanceof ProviderError && !(time.clientLeft && error.kind === 'timeout');
  if (!tells) {
    if (probe) await engine.breakers.returned(probe);
    return;
  }
  engine.onProviderFailure?.({
    ...route,
    kind: error.kind,
    status: error.status ?? null,
    words: wordsOf(error) ?? null,
    request_id: error.request_id ?? null,
    billed: typeof error.billed === 'string' ? error.billed : 'reported',
    hold: held.hold.id,
  });
  if (isAnswer(error)) engine.breakers.served(route, probe);
  else {
    const together = isProvokable(error) ? { by: held.hold.workspace, began_ms: start.ms } : undefined;
    const failure = judge(error);
    // What a prompt can bring about is its workspace's, until others fail as well; what is said of our account or of a model is everybody's.
    const by = failure.opens === undefined ? held.hold.workspace : undefined;
    await engine.breakers.failed(route, { ...failure, probe, together, by });
  }
}

/** The provider works: it said what is wrong with the call, or what an answer with nothing in it cost. */
function isAnswer(error: ProviderError): boolean {
  return isCallersOwn(error) || (error.kind === 'refused' && error.status === undefined) || typeof error.billed !== 'string';
}

/** A caller can bring it about, by asking for more than there is time for, or than is read. */
export function isProvokable({ kind }: ProviderError): boolean {
  return kind === 'timeout' || kind === 'garbage';
}

/**
 * A key that is not known, or an account without money, is of no use with any model. What is not allowed (402, 403) may be one model's, or one
 * prompt's before a firewall, so it closes that model alone; so does a model that is no more.
 */
function judge(error: ProviderError): Failure {
  const why = whyOf(error);
  if (error.blame === 'account') return { reason: 'key', why, opens: 'provider' };
  if (error.blame === 'model') return { reason: 'key', why, opens: 'model' };
  return error.blame === 'no_model' ? { reason: 'failing', why, opens: 'model' } : { reason: 'failing', why };
}

function whyOf(error: ProviderError): string {
  const words = wordsOf(error);
  return words === undefined ? error.message : `${error.message}: ${words}`;
}

const CODES: Readonly<Record<number, RefusalCode>> = { 404: 'not_found', 413: 'request_too_large' };

/**
 * What the caller is told: the class of the provider's status and, where the call itself is wrong or too early, its words. What it says about
 * our account is for operators.
 */
export function refusalOf(error: ProviderError): Refusal {
  const wait = error.retry_after_ms === undefined ? {} : { retryAfterSeconds: Math.ceil(error.retry_after_ms / 1000) };
  const more = { ...wait, provider: error.provider };
  if (error.kind === 'timeout') return refuse('provider_timeout', error.message, more);
  if (error.blame === 'account' || error.blame === 'model') return refuse('provider_failed', error.message, more);
  const code = CODES[error.status ?? 0];
  if (code !== undefined) return refuse(code, whyOf(error), more);
  if (isCallersOwn(error)) return refuse('invalid_request', whyOf(error), more);
  return refuse(error.kind === 'rate_limited' ? 'rate_limited' : 'provider_failed', whyOf(error), more);
}

const WORDS_MAX = 300;

/** The message of a provider's error body, which was cut and cleared of secrets when it came. A page of HTML has none. */
function wordsOf(error: ProviderError): string | undefined {
  if (error.status === undefined || !(error.cause instanceof Error)) return undefined;
  const body = error.cause.message;
  const [, quoted] = /"(?:message|error|detail)"\s*:\s*"((?:[^"\\]|\\.)*)/u.exec(body) ?? [];
  const text = quoted ?? (/^\s*[<{[]/u.test(body) ? undefined : body);
  const plain = text
    ?.replace(/\\[nrt]/gu, ' ')
    .replace(/\\(["\\/])/gu, '$1')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return plain === undefined || plain === '' ? undefined : plain.slice(0, WORDS_MAX).toWellFormed();
}
