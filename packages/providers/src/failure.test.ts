import { expect, test } from 'vitest';
import { retryAfter, statusFailure, transportFailure } from './failure.ts';
import { TransportError } from './upstream/transport.ts';

test.each([
  [{ 'retry-after': '2' }, 2_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after-ms': '150', 'retry-after': '2' }, 150],
  [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }, 10_000],
  [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT' }, undefined],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
])('%j waits %s ms', (headers, wait) => {
  expect(retryAfter(headers)).toBe(wait);
});

test.each([
  [400, 'refused', 'no', false],
  [404, 'refused', 'no', false],
  [408, 'timeout', 'unknown', true],
  [429, 'rate_limited', 'no', true],
  [500, 'unavailable', 'unknown', true],
  [503, 'unavailable', 'no', true],
  [504, 'unavailable', 'unknown', true],
  [529, 'unavailable', 'no', true],
  [302, 'garbage', 'no', true],
] as const)('of a provider that states nothing, HTTP %i is %s, billed: %s', (status, kind, billed, retryable) => {
  const failure = statusFailure({ provider: 'p', billing: {}, secrets: [] }, status, { 'x-request-id': 'r-1' }, 'words');
  expect(failure).toMatchObject({ kind, billed, retryable, status, request_id: 'r-1' });
  expect(failure.message).toContain(`HTTP ${status}`);
  expect(failure.message).not.toContain('words');
});

test.each([
  [500, { server_error: 'no' }, 'no'],
  [502, { server_error: 'no' }, 'no'],
  [503, { server_error: 'no' }, 'no'],
  [503, { server_error: 'no', overloaded: 'unknown' }, 'unknown'],
  [529, { overloaded: 'no' }, 'no'],
  [500, { server_error: 'yes' }, 'unknown'],
  [429, { rate_limited: 'unknown' }, 'unknown'],
  [400, { refused: 'yes' }, 'unknown'],
] as const)('HTTP %i under the terms %j is billed: %s', (status, billing, billed) => {
  expect(statusFailure({ provider: 'p', billing, secrets: [] }, status, {}, '')).toMatchObject({ billed });
});

test.each([
  ['was never sent', new TransportError(new Error('x'), false, false, null), 'no'],
  ['broke before the first byte', new TransportError(new Error('x'), true, false, null), 'no'],
  ['broke after the first byte', new TransportError(new Error('x'), true, false, {}), 'unknown'],
  ['was ended by us', new TransportError(new Error('x'), true, true, null), 'unknown'],
] as const)('a call that %s is billed as the terms say: %s', (_, error, billed) => {
  const billing = { cut_before_first_byte: 'no', time_out: 'yes' } as const;
  expect(transportFailure({ provider: 'p', billing, secrets: [] }, error)).toMatchObject({ billed });
});
