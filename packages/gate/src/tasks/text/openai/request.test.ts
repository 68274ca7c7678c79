import type { FittedRequest } from '@purser/routing';
import { expect, test } from 'vitest';

import { boundsOf, rewritten } from './request.ts';

const model = { provider: 'openai', name: 'gpt-4o-mini' };
const fitted = { model, output_tokens_max: 10 } as FittedRequest;

function sent(messages: readonly unknown[]): { readonly messages: unknown } {
  return JSON.parse(rewritten({ model: 'any', messages: [...messages] }, fitted, 'max_tokens')) as { messages: unknown };
}

test('what a caller says reaches the provider to the letter, also where it looks like a mark of ours', () => {
  const messages = [
    { role: 'system', content: 'rename a_thought_process to my_thought_-' },
    { role: 'user', content: [{ type: 'text', text: '{"id":"call_1_thought_YWJj"}' }] },
  ];
  expect(sent(messages)).toMatchObject({ messages });
});

test('ids of calls go out without the mark that another provider wants back with them', () => {
  const call = { type: 'function', function: { name: 'look', arguments: '{"at":"x_thought_y"}' } };
  const messages = (id: string) => [
    { role: 'assistant', content: null, tool_calls: [{ id, ...call }] },
    { role: 'tool', tool_call_id: id, content: 'done' },
  ];
  expect(sent(messages('call_1_thought_YWJj'))).toMatchObject({ messages: messages('call_1') });
});

test('a prompt that repeats such marks is still bounded by no fewer tokens than it has words', () => {
  const words = 'a_thought_process '.repeat(5_000);
  const bounds = boundsOf({ model: 'any', messages: [{ role: 'user', content: words }] }, 0);
  expect(bounds.tokensMaxFor(model)).toBeGreaterThan(3 * 5_000);
});
