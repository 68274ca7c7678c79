import { REFUSALS } from '@purser/core';
import { describe, expect, it } from 'vitest';
import { readProblem } from '../api/read-problem.ts';
import { explain, waitWords } from './problem.ts';

describe('refusals in plain words', () => {
  it('has its own words and a way forward for every code a caller can meet', () => {
    for (const [code, { status, title }] of Object.entries(REFUSALS)) {
      const plain = explain({ code, status, title, detail: 'because' });
      expect(plain.headline, code).not.toBe('Something went wrong');
      expect(plain.headline, code).not.toContain('_');
      expect(plain.steps.length, code).toBeGreaterThan(0);
      expect(plain.why, code).toBe('Because.');
    }
  });

  it('counts down when the server says when to come back, and only then speaks of a countdown', () => {
    const told = explain({ code: 'rate_limited', status: 429, title: '', detail: '', retry_after: 2.2 });
    expect(told.wait_seconds).toBe(3);
    expect(told.steps[0]).toContain('countdown');
    const untold = explain({ code: 'rate_limited', status: 429, title: '', detail: '' });
    expect(untold.wait_seconds).toBeUndefined();
    expect(untold.steps[0]).not.toContain('countdown');
    expect(waitWords(1)).toBe('Try again in 1 second');
  });

  it('speaks of the reader’s own limit when that may be the reason', () => {
    const problem = { code: 'request_too_large', status: 422, title: '', detail: 'this call may cost more' };
    expect(explain(problem, { cost_limited: true }).steps[0]).toContain('Max cost');
    expect(explain(problem).steps.join(' ')).not.toContain('Max cost');
  });

  it('offers to try again only where that can help', () => {
    const problem = { status: 403, title: '', detail: '' };
    expect(explain({ ...problem, code: 'plan_feature_missing' }).again).toBe(false);
    expect(explain({ ...problem, code: 'rate_limited' }).again).toBe(true);
  });

  it('keeps the title of a code it does not know', () => {
    expect(explain({ code: 'moon_eclipsed', status: 409, title: 'The moon is away', detail: '' }).headline).toBe(
      'The moon is away',
    );
  });

  it('reads problems, and survives a body that is none', () => {
    const body = JSON.stringify({
      title: 'T',
      code: 'min_gap',
      detail: 'D',
      retry_after: 3,
      offers: [{ kind: 'upgrade', id: 'PRO', text: 'Go PRO' }],
    });
    expect(readProblem(429, body, null)).toMatchObject({ code: 'min_gap', retry_after: 3, status: 429 });
    expect(readProblem(502, '<html>Bad gateway</html>', null)).toMatchObject({
      code: 'unknown',
      title: 'The server answered 502',
    });
    expect(readProblem(503, '', '7')).toMatchObject({ code: 'overloaded', retry_after: 7 });
  });
});
