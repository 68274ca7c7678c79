import { answered, type Billed, data, type Member, PIECES, type Shapes, TEXT } from './vendor-shape.ts';

// OpenAI's chat completions, and those that copy them.

const CHAT = { id: 'chatcmpl-1', created: 1_760_000_000, model: 'gpt-4o-mini-2024-07-18' };
const chunk = (choices: unknown, more: Member = {}): string =>
  data({ ...CHAT, object: 'chat.completion.chunk', choices, ...more });
const delta = (change: Member, finish_reason: string | null = null, more: Member = {}): string =>
  chunk([{ index: 0, delta: change, logprobs: null, finish_reason }], more);
const ROLE = delta({ role: 'assistant', content: '', refusal: null });
const TEXTS = PIECES.map((content) => delta({ content })).join('');
const DONE = 'data: [DONE]\n\n';
const chat = (message: Member, finish_reason: string | null, usage: unknown, more: Member = {}): string =>
  JSON.stringify({
    ...CHAT,
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: null, refusal: null, ...message }, logprobs: null, finish_reason },
    ],
    usage,
    ...more,
  });
const OPENAI_USAGE = {
  prompt_tokens: 100,
  completion_tokens: 30,
  total_tokens: 130,
  prompt_tokens_details: { cached_tokens: 40, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 10,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};
const OPENAI_BILL: Billed = { input: 60, cached: 40, output: 30 };
const PLAIN_USAGE = { prompt_tokens: 100, completion_tokens: 30, total_tokens: 130 };
const PLAIN_BILL: Billed = { input: 100, output: 30 };
const ZEROS = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
export const OPENAI_SHAPES: Shapes = [
  {
    name: 'usage in an event of its own at the end, with padding and members of later versions',
    stream: [
      delta({ role: 'assistant', content: '', refusal: null }, null, { usage: null, service_tier: 'default', obfuscation: 'x7' }),
      ...PIECES.map((content) => delta({ content }, null, { usage: null, obfuscation: 'aaaa' })),
      delta({}, 'stop', { usage: null }),
      chunk([], { usage: OPENAI_USAGE, service_tier: 'default', of_tomorrow: { usage: ZEROS } }),
      DONE,
    ].join(''),
    whole: chat({ content: TEXT, annotations: [] }, 'stop', OPENAI_USAGE, { service_tier: 'default', of_tomorrow: [] }),
    ...answered,
    billed: OPENAI_BILL,
  },
  {
    name: 'the priority tier',
    stream: ROLE + TEXTS + delta({}, 'stop') + chunk([], { usage: OPENAI_USAGE, service_tier: 'priority' }) + DONE,
    whole: chat({ content: TEXT }, 'stop', OPENAI_USAGE, { service_tier: 'priority' }),
    ...answered,
    billed: { ...OPENAI_BILL, tier: 'priority' },
  },
  {
    name: 'a tier that has no price',
    stream: ROLE + TEXTS + delta({}, 'stop') + chunk([], { usage: OPENAI_USAGE, service_tier: 'scale' }) + DONE,
    whole: chat({ content: TEXT }, 'stop', OPENAI_USAGE, { service_tier: 'scale' }),
    ...answered,
    billed: 'unpriced',
  },
  {
    name: 'a request’s metadata given back, with a usage of zeros in it',
    stream:
      ROLE +
      TEXTS +
      delta({}, 'stop') +
      chunk([], { usage: OPENAI_USAGE, metadata: { usage: ZEROS }, request: { metadata: { usage: ZEROS } } }) +
      DONE,
    whole: chat({ content: TEXT }, 'stop', OPENAI_USAGE, { metadata: { usage: ZEROS } }),
    ...answered,
    billed: OPENAI_BILL,
  },
  {
    name: 'thoughts alone up to the limit',
    stream: ROLE + delta({}, 'length') + chunk([], { usage: OPENAI_USAGE }) + DONE,
    whole: chat({ content: '' }, 'length', OPENAI_USAGE),
    outcome: 'empty',
    text: '',
    finish: 'length',
    billed: OPENAI_BILL,
  },
  {
    name: 'a filter that leaves nothing, after an event about the prompt (Azure)',
    stream:
      chunk([], { model: '', prompt_filter_results: [{ prompt_index: 0 }] }) +
      ROLE +
      delta({}, 'content_filter') +
      chunk([], { usage: PLAIN_USAGE }) +
      DONE,
    whole: chat({}, 'content_filter', PLAIN_USAGE, { prompt_filter_results: [] }),
    outcome: 'empty',
    text: '',
    finish: 'content_filter',
    billed: PLAIN_BILL,
  },
  {
    name: 'usage beside the last choice (Mistral)',
    stream: ROLE + TEXTS + delta({ content: '' }, 'stop', { usage: PLAIN_USAGE }) + DONE,
    ...answered,
    billed: PLAIN_BILL,
  },
  {
    name: 'growing usage in every event (vLLM)',
    stream:
      delta({ role: 'assistant', content: '' }, null, {
        usage: { prompt_tokens: 100, completion_tokens: 0, total_tokens: 100 },
      }) +
      PIECES.map((content, index) =>
        delta({ content }, null, { usage: { prompt_tokens: 100, completion_tokens: index + 1, total_tokens: 101 + index } }),
      ).join('') +
      delta({ content: '' }, 'stop', { usage: PLAIN_USAGE, stop_reason: null }) +
      DONE,
    ...answered,
    billed: PLAIN_BILL,
  },
  {
    name: 'growing usage, and none at the end',
    stream:
      ROLE +
      PIECES.map((content) =>
        delta({ content }, null, { usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 } }),
      ).join('') +
      delta({}, 'stop') +
      DONE,
    ...answered,
    billed: 'unknown',
  },
  {
    name: 'visible thoughts, cache counts of its own and keep-alives (DeepSeek)',
    stream:
      ': keep-alive\n\n: keep-alive\n\n' +
      delta({ role: 'assistant', content: null, reasoning_content: 'Hm.' }) +
      TEXTS +
      delta({ content: '', reasoning_content: null }, 'stop', {
        usage: { ...PLAIN_USAGE, prompt_cache_hit_tokens: 40, prompt_cache_miss_tokens: 60 },
      }) +
      DONE,
    whole: chat({ content: TEXT, reasoning_content: 'Hm.' }, 'stop', {
      ...PLAIN_USAGE,
      prompt_cache_hit_tokens: 40,
      prompt_cache_miss_tokens: 60,
    }),
    ...answered,
    billed: OPENAI_BILL,
  },
  {
    name: 'comments, line ends of Windows and spaces inside the JSON (OpenRouter, proxies)',
    stream:
      ': OPENROUTER PROCESSING\r\n\r\n' +
      (ROLE + TEXTS + delta({}, 'stop')).replaceAll('\n', '\r\n') +
      `data: { "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [ ], "usage": ${JSON.stringify(PLAIN_USAGE)} }\r\n\r\n` +
      'data: [DONE]\r\n\r\n',
    ...answered,
    billed: PLAIN_BILL,
  },
  {
    name: 'figures of its own beside the usage (llama.cpp, Groq)',
    stream:
      ROLE +
      TEXTS +
      delta({}, 'stop', { x_groq: { id: 'r', usage: ZEROS } }) +
      chunk([], { usage: PLAIN_USAGE, timings: { predicted_n: 1 } }) +
      DONE,
    ...answered,
    billed: PLAIN_BILL,
  },
  {
    name: 'a model that was only loaded (Ollama)',
    stream: delta({ role: 'assistant', content: '' }, 'load') + chunk([], { usage: ZEROS }) + DONE,
    whole: chat({ content: '' }, 'load', ZEROS),
    outcome: 'failed',
    text: '',
    billed: {},
  },
  {
    name: 'an error with status 200, for too many calls',
    stream: data({ error: { message: 'Rate limit exceeded', code: 429 } }),
    whole: JSON.stringify({ error: { message: 'Rate limit exceeded', code: 429 }, user_id: 'u' }),
    outcome: 'failed',
    text: '',
    billed: 'none',
  },
  {
    name: 'no choices',
    whole: JSON.stringify({ ...CHAT, object: 'chat.completion', choices: [], usage: PLAIN_USAGE }),
    outcome: 'failed',
    text: '',
    billed: PLAIN_BILL,
  },
  {
    name: 'a stream without choices',
    stream: chunk([], { usage: PLAIN_USAGE }) + DONE,
    outcome: 'failed',
    text: '',
    billed: 'unknown',
  },
  { name: 'an empty stream', stream: '', outcome: 'failed', text: '', billed: 'unknown' },
  {
    name: 'an error in place of its end (OpenRouter)',
    stream:
      ROLE +
      TEXTS +
      chunk([{ index: 0, delta: { content: '' }, finish_reason: 'error' }], {
        error: { code: 502, message: 'Provider disconnected' },
      }),
    outcome: 'broken',
    text: TEXT,
    billed: 'unknown',
  },
  {
    name: 'all but its last word',
    stream: ROLE + TEXTS + delta({}, 'stop') + chunk([], { usage: PLAIN_USAGE }),
    outcome: 'broken',
    text: TEXT,
    billed: PLAIN_BILL,
  },
];
