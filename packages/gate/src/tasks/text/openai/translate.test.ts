import { describe, expect, test } from 'vitest';

import type { OpenAiChatBody } from '../../../gate.ts';
import { plainMessages, settingsOf, untranslatable } from './translate.ts';

const HONOURED = new Set(['temperature', 'top_p', 'stop']);
const bodyOf = (more: object): OpenAiChatBody => ({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...more });
const tool = { type: 'function', function: { name: 'f', parameters: {} } };

describe('a body before a provider that speaks another format', () => {
  test.each([
    ['tools', { tools: [tool] }],
    ['functions', { functions: [{ name: 'f' }] }],
    ['response_format', { response_format: { type: 'json_schema', json_schema: { name: 's', strict: true, schema: {} } } }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['seed', { seed: 0 }],
    ['logprobs', { logprobs: true }],
    ['frequency_penalty', { frequency_penalty: 0.5 }],
    ['reasoning_effort', { reasoning_effort: 'low' }],
    ['tool_choice', { tool_choice: 'required' }],
    ['store', { store: true }],
    ['verbosity', { verbosity: 'low' }],
    [
      'messages.1.role "tool"',
      {
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'tool', tool_call_id: 'c', content: '4' },
        ],
      },
    ],
    ['messages.0.tool_calls', { messages: [{ role: 'assistant', content: null, tool_calls: [{ id: 'c' }] }] }],
    ['messages.0.name', { messages: [{ role: 'user', content: 'Hi', name: 'Ada' }] }],
    [
      'messages.0.content.0.cache_control',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] }] },
    ],
  ])('%s cannot be told, and is named', (name, more) => {
    expect(untranslatable(bodyOf(more), HONOURED)).toBe(name);
  });

  test('what it honours, what is ours, what is unset and what is usual anyway are no hindrance', () => {
    const ours = { stream: true, stream_options: { include_usage: true }, max_tokens: 5, n: 1, user: 'u', service_tier: 'auto' };
    const unset = { tools: [], functions: null, seed: null, response_format: null, logit_bias: {}, metadata: null };
    const usual = { frequency_penalty: 0, logprobs: false, response_format: { type: 'text' }, store: false, tool_choice: 'auto' };
    const set = { temperature: 0, top_p: 0.1, stop: ['a'] };
    expect(untranslatable(bodyOf({ ...ours, ...unset, ...usual, ...set }), HONOURED)).toBeUndefined();
    expect(untranslatable(bodyOf(set), undefined)).toBe('temperature');
  });

  test('settings are those that were set, zero and a single text to stop at included', () => {
    expect(settingsOf(bodyOf({ temperature: 0, top_p: 1, seed: 0, stop: 'END' }))).toEqual({
      temperature: 0,
      seed: 0,
      stop: ['END'],
    });
    expect(settingsOf(bodyOf({ temperature: null, stop: [], presence_penalty: 0 }))).toEqual({});
  });

  test('messages keep their order, their role and every part of their text', () => {
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [], refusal: null },
    ];
    expect(untranslatable(bodyOf({ messages }))).toBeUndefined();
    expect(plainMessages(bodyOf({ messages }))).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'a\nb' },
      { role: 'assistant', content: '' },
    ]);
  });
});
