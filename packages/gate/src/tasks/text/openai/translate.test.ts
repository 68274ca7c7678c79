import { describe, expect, test } from 'vitest';

import type { OpenAiChatBody } from '../../../gate.ts';
import { chatOf } from './translate.ts';

const bodyOf = (more: object): OpenAiChatBody => ({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...more });
const tool = { type: 'function', function: { name: 'f', description: 'Does it.', parameters: { type: 'object' } } };
const schema = { type: 'object', properties: {} };
const askedBy = (more: object): string[] => chatOf(bodyOf(more)).asked.map(({ feature, member }) => `${feature} by ${member}`);

describe('a body in OpenAI’s format, read for providers that speak another one', () => {
  test.each([
    [{ tools: [tool] }, ['tools by tools']],
    [
      { tools: [{ ...tool, function: { ...tool.function, strict: true } }] },
      ['tools by tools', 'strict_tools by tools.0.function.strict'],
    ],
    [{ tools: [{ type: 'custom', custom: { name: 'c' } }] }, ['tools by tools', 'custom_tools by tools.0.type']],
    [{ tools: [tool], tool_choice: 'required' }, ['tools by tools', 'tool_choice by tool_choice']],
    [
      { tools: [tool], tool_choice: { type: 'allowed_tools' } },
      ['tools by tools', 'tool_choice by tool_choice', 'tool_choice allowed_tools by tool_choice.type'],
    ],
    [{ tools: [tool], parallel_tool_calls: false }, ['tools by tools', 'sequential_tool_calls by parallel_tool_calls']],
    [{ functions: [{ name: 'f' }] }, ['functions by functions']],
    [{ response_format: { type: 'json_schema', json_schema: { name: 's', schema } } }, ['json_schema by response_format']],
    [{ response_format: { type: 'json_object' } }, ['json by response_format']],
    [{ response_format: { type: 'grammar' } }, ['response_format grammar by response_format']],
    [{ temperature: 0 }, ['temperature by temperature']],
    [{ seed: 0 }, ['seed by seed']],
    [{ logprobs: true }, ['logprobs by logprobs']],
    [{ reasoning_effort: 'low' }, ['reasoning_effort by reasoning_effort']],
    [{ store: true }, ['store by store']],
    [{ made_up: 1 }, ['made_up by made_up']],
    [{ messages: [{ role: 'user', content: 'Hi', name: 'Ada' }] }, ['messages.name by messages.0.name']],
    [{ messages: [{ role: 'function', content: 'Hi' }] }, ['role by messages.0.role "function"']],
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] }] },
      ['content.cache_control by messages.0.content.0.cache_control'],
    ],
    [
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } }] },
        ],
      },
      ['image_url by messages.0.content.0.image_url', 'image_detail by messages.0.content.0.image_url.detail'],
    ],
  ])('%j is something that not every provider does, and is named', (more, asked) => {
    expect(askedBy(more)).toEqual(asked);
  });

  test('what is ours, what is unset and what is usual anyway asks for nothing', () => {
    const ours = { stream: true, stream_options: { include_usage: true }, max_tokens: 5, n: 1, user: 'u', service_tier: 'auto' };
    const unset = { tools: [], functions: null, seed: null, response_format: null, logit_bias: {}, metadata: null };
    const usual = { frequency_penalty: 0, logprobs: false, response_format: { type: 'text' }, store: false, tool_choice: 'auto' };
    expect(askedBy({ ...ours, ...unset, ...usual })).toEqual([]);
    expect(chatOf(bodyOf({ temperature: 1, presence_penalty: 0, stop: [] })).chat.settings).toEqual({});
  });

  test('settings are those that were set, zero and a single text to stop at included', () => {
    const { chat } = chatOf(bodyOf({ temperature: 0, top_p: 1, seed: 0, stop: 'END', reasoning_effort: 'high' }));
    expect(chat.settings).toEqual({ temperature: 0, seed: 0, stop: ['END'], reasoning_effort: 'high' });
  });

  test('messages keep their order, their role, their calls of tools, what those answered, and their pictures', () => {
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: '4' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
      { role: 'assistant', content: 'So.', tool_calls: [], refusal: null },
    ];
    expect(chatOf(bodyOf({ messages })).chat.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'a\nb' },
      { role: 'assistant', content: [{ type: 'tool_call', id: 'c1', name: 'f', arguments: '{"x":1}' }] },
      { role: 'user', content: [{ type: 'tool_result', id: 'c1', content: [{ type: 'text', text: '4' }] }] },
      { role: 'user', content: [{ type: 'image', source: { media_type: 'image/png', base64: 'AAAA' } }] },
      { role: 'assistant', content: 'So.' },
    ]);
  });

  test('tools, the choice among them and the shape of the answer are there', () => {
    const more = {
      tools: [tool],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 's', schema, strict: true } },
    };
    expect(chatOf(bodyOf(more)).chat).toMatchObject({
      tools: [{ name: 'f', description: 'Does it.', parameters: { type: 'object' } }],
      tool_choice: { name: 'f' },
      parallel_tool_calls: false,
      format: { type: 'json_schema', name: 's', schema, strict: true },
    });
  });
});
