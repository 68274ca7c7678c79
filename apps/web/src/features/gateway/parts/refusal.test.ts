import { type RefusalCode, REFUSALS } from '@purser/core';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { RefusalCard } from './refusal.tsx';

const NO_ACTION = undefined;

/** What a reader is told of each code, and where something can be done about it. A new one is a type error here until it has its words. */
const SHOWN: Record<RefusalCode, readonly [headline: string, action: string | undefined]> = {
  invalid_request: ['Invalid request', NO_ACTION],
  unauthenticated: ['You are signed out', NO_ACTION],
  license_ai_disabled: ['AI is off until a payment succeeds', '/plan'],
  license_sync_disabled: ['Sync is off until a payment succeeds', '/plan'],
  credits_exhausted: ['Not enough credits for this call', '/plan'],
  cost_ceiling_reached: ['Not enough budget left for this call', '/plan'],
  budget_exhausted: ['The shared budget is used up', '/usage'],
  plan_feature_missing: ['Your plan does not include this', '/plan'],
  temporarily_blocked: ['Temporarily blocked', NO_ACTION],
  forbidden: ['Not allowed', NO_ACTION],
  not_found: ['Not found', NO_ACTION],
  limit_reached: ['A limit is reached', NO_ACTION],
  no_model_allowed: ['No model is available for this task', NO_ACTION],
  price_unknown: ['The price of this model is unknown', NO_ACTION],
  frozen: ['Model versions are frozen', '/admin/throttling'],
  unsupported_media_type: ['Unsupported content type', NO_ACTION],
  request_too_large: ['This task does not fit your limits', NO_ACTION],
  selection_too_large: ['Too many were selected', NO_ACTION],
  idempotency_mismatch: ['This request was sent before with another body', NO_ACTION],
  quota_exceeded: ['A quota of your plan is used up', '/usage'],
  rate_limited: ['Too many calls in a short time', NO_ACTION],
  min_gap: ['Calls too close together', NO_ACTION],
  concurrency_exceeded: ['Too many calls at once', NO_ACTION],
  pool_paused: ['The free pool is paused', '/plan'],
  not_configured: ['Not configured', NO_ACTION],
  provider_failed: ['The model did not answer', NO_ACTION],
  overloaded: ['Purser is overloaded', NO_ACTION],
  provider_timeout: ['The model took too long', NO_ACTION],
};

/** The same request again is refused again, however long one waits. */
const NEVER_AGAIN = new Set<string>([
  'invalid_request',
  'unsupported_media_type',
  'plan_feature_missing',
  'request_too_large',
  'price_unknown',
  'not_configured',
] satisfies RefusalCode[]);

function shown(code: string): string {
  const { status, title } = REFUSALS[code as RefusalCode];
  const problem = { code, status, title, detail: 'because of this', ...(status === 429 && { retry_after: 12 }) };
  return renderToStaticMarkup(createElement(RefusalCard, { problem, again: () => {} }));
}

describe('a refusal on the page (C7)', () => {
  it.each(Object.entries(SHOWN))('%s: what happened, what to do, and where', (code, [headline, action]) => {
    const html = shown(code);
    expect(html).toContain(`${headline}</h2>`);
    expect(html).toContain('Because of this.');
    expect(html).toMatch(/What you can do<\/h3><ul[^>]*><li>[^<]{20,}<\/li>/);
    expect([...html.matchAll(/<a href="([^"]+)"/g)].map(([, to]) => to)).toEqual(action === undefined ? [] : [action]);
    expect(html.includes('<button')).toBe(!NEVER_AGAIN.has(code));
    expect(html.includes('Try again in 12 seconds')).toBe(REFUSALS[code as RefusalCode].status === 429);
    expect(html.includes('Nothing was charged.')).toBe(REFUSALS[code as RefusalCode].status < 502);
  });

  it('says each in words of its own', () => {
    const headlines = Object.values(SHOWN).map(([headline]) => headline);
    expect(new Set(headlines).size).toBe(headlines.length);
  });
});
