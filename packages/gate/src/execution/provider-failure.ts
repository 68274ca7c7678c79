import { type Refusal, type RefusalCode, refuse } from '@purser/core';
import { ProviderError } from '@purser/providers';
import type { Route } from '@purser/routing';

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

/** A caller can bring it about, by asking for more than there is time for, or than is read. */
export function isProvokable({ kind }: ProviderError): boolean {
  return kind === 'timeout' || kind === 'garbage';
}

/** For operators: what happened, and the provider's words. */
export function whyOf(error: ProviderError): string {
  const words = wordsOf(error);
  return words === undefined ? error.message : `${error.message}: ${words}`;
}

const CODES: Readonly<Record<number, RefusalCode>> = { 404: 'not_found', 413: 'request_too_large' };

/**
 * What the caller is told: the class of the provider's status and, where the call itself is wrong or too early, its words. What it says about
 * our account is for operators. Whoever was not served was not charged, and is told so where the provider is to blame.
 */
export function refusalOf(error: ProviderError): Refusal {
  const wait = error.retry_after_ms === undefined ? {} : { retryAfterSeconds: Math.ceil(error.retry_after_ms / 1000) };
  const more = { ...wait, provider: error.provider };
  const uncharged = (code: RefusalCode, words: string): Refusal => refuse(code, `${words}; nothing was charged`, more);
  if (error.kind === 'timeout') return uncharged('provider_timeout', error.message);
  if (error.blame === 'account' || error.blame === 'model') return uncharged('provider_failed', error.message);
  const code = CODES[error.status ?? 0];
  if (code !== undefined) return refuse(code, whyOf(error), more);
  if (isCallersOwn(error)) return refuse('invalid_request', whyOf(error), more);
  if (error.kind === 'rate_limited') return refuse('rate_limited', whyOf(error), more);
  return uncharged('provider_failed', whyOf(error));
}

const WORDS_MAX = 300;

/** The message of a provider's error body, which was cut and cleared of secrets when it came. A page of HTML has none. */
export function wordsOf(error: ProviderError): string | undefined {
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
