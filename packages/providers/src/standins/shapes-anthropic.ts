import { answered, type Billed, data, type Member, PIECES, type Shapes, TEXT } from './vendor-shape.ts';

// Anthropic's messages.

const named = (type: string, more: Member = {}): string => `event: ${type}\n${data({ type, ...more })}`;
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  stop_sequence: null,
};
const ANTHROPIC_START = {
  input_tokens: 60,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 40,
  service_tier: 'standard',
};
const start = (usage: Member = { ...ANTHROPIC_START, output_tokens: 1 }): string =>
  named('message_start', { message: { ...MESSAGE, content: [], stop_reason: null, usage } });
const block = (content_block: Member, index = 0): string => named('content_block_start', { index, content_block });
const piece = (change: Member, index = 0): string => named('content_block_delta', { index, delta: change });
const blockStop = (index = 0): string => named('content_block_stop', { index });
const TEXT_BLOCK =
  block({ type: 'text', text: '' }) + PIECES.map((text) => piece({ type: 'text_delta', text })).join('') + blockStop();
const messageDelta = (stop_reason: string, usage: Member = { output_tokens: 30 }): string =>
  named('message_delta', { delta: { stop_reason, stop_sequence: null }, usage });
const MESSAGE_STOP = named('message_stop');
const message = (content: readonly Member[], stop_reason: string, usage: Member): string =>
  JSON.stringify({ ...MESSAGE, content, stop_reason, usage });
const ANTHROPIC_USAGE = { ...ANTHROPIC_START, output_tokens: 30 };
const ANTHROPIC_BILL: Billed = { input: 60, cached: 40, output: 30 };
const OVERLOADED = named('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
const SEARCHED = {
  input_tokens: 60,
  cache_read_input_tokens: 40,
  cache_creation_input_tokens: 300,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
  server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
};

export const ANTHROPIC_SHAPES: Shapes = [
  {
    name: 'text with pings',
    stream: start() + named('ping') + TEXT_BLOCK + named('ping') + messageDelta('end_turn') + MESSAGE_STOP,
    whole: message([{ type: 'text', text: TEXT }], 'end_turn', ANTHROPIC_USAGE),
    ...answered,
    billed: ANTHROPIC_BILL,
  },
  {
    name: 'thoughts with their signature before the text',
    stream:
      start() +
      block({ type: 'thinking', thinking: '', signature: '' }) +
      piece({ type: 'thinking_delta', thinking: 'Hm.' }) +
      piece({ type: 'signature_delta', signature: 'EqQB' }) +
      blockStop() +
      block({ type: 'text', text: '' }, 1) +
      PIECES.map((text) => piece({ type: 'text_delta', text }, 1)).join('') +
      blockStop(1) +
      messageDelta('end_turn', { output_tokens: 30, output_tokens_details: { thinking_tokens: 12 } }) +
      MESSAGE_STOP,
    whole: message(
      [
        { type: 'thinking', thinking: 'Hm.', signature: 'EqQB' },
        { type: 'text', text: TEXT },
      ],
      'end_turn',
      ANTHROPIC_USAGE,
    ),
    ...answered,
    billed: ANTHROPIC_BILL,
  },
  {
    name: 'events, blocks and pieces of types that are not known yet',
    stream:
      start() +
      named('of_tomorrow', { usage: { output_tokens: 0 } }) +
      block({ type: 'of_tomorrow', usage: { output_tokens: 0 } }, 5) +
      piece({ type: 'of_tomorrow_delta', value: 1 }, 5) +
      blockStop(5) +
      TEXT_BLOCK +
      messageDelta('end_turn') +
      MESSAGE_STOP,
    whole: message([{ type: 'of_tomorrow' }, { type: 'text', text: TEXT, citations: null }], 'end_turn', ANTHROPIC_USAGE),
    ...answered,
    billed: ANTHROPIC_BILL,
  },
  {
    name: 'text in the start of its block',
    stream:
      start() +
      block({ type: 'text', text: PIECES[0] }) +
      piece({ type: 'text_delta', text: PIECES[1] }) +
      blockStop() +
      messageDelta('end_turn') +
      MESSAGE_STOP,
    ...answered,
    billed: ANTHROPIC_BILL,
  },
  {
    name: 'a cache of an hour and searches',
    stream:
      start({ ...SEARCHED, output_tokens: 1 }) +
      TEXT_BLOCK +
      messageDelta('end_turn', { ...SEARCHED, output_tokens: 30 }) +
      MESSAGE_STOP,
    whole: message([{ type: 'text', text: TEXT }], 'end_turn', { ...SEARCHED, output_tokens: 30 }),
    ...answered,
    billed: { input: 60, cached: 40, written: 100, written_1h: 200, output: 30, searches: 2 },
  },
  {
    name: 'input that grew under way',
    stream:
      start() +
      TEXT_BLOCK +
      messageDelta('end_turn', { input_tokens: 500, cache_read_input_tokens: 40, output_tokens: 30 }) +
      MESSAGE_STOP,
    ...answered,
    billed: { input: 500, cached: 40, output: 30 },
  },
  {
    name: 'a tier that has no price',
    stream: start({ ...ANTHROPIC_USAGE, service_tier: 'priority' }) + TEXT_BLOCK + messageDelta('end_turn') + MESSAGE_STOP,
    whole: message([{ type: 'text', text: TEXT }], 'end_turn', { ...ANTHROPIC_USAGE, service_tier: 'priority' }),
    ...answered,
    billed: 'unpriced',
  },
  {
    name: 'thoughts alone up to the limit',
    stream:
      start() +
      block({ type: 'thinking', thinking: '', signature: '' }) +
      piece({ type: 'thinking_delta', thinking: 'Hm.' }) +
      blockStop() +
      messageDelta('max_tokens') +
      MESSAGE_STOP,
    whole: message([{ type: 'thinking', thinking: 'Hm.', signature: '' }], 'max_tokens', ANTHROPIC_USAGE),
    outcome: 'empty',
    text: '',
    finish: 'length',
    billed: ANTHROPIC_BILL,
  },
  {
    name: 'a refusal without a word',
    stream: start() + messageDelta('refusal') + MESSAGE_STOP,
    whole: message([], 'refusal', ANTHROPIC_USAGE),
    outcome: 'empty',
    text: '',
    finish: 'content_filter',
    billed: ANTHROPIC_BILL,
  },
  { name: 'overloaded after its start', stream: start() + OVERLOADED, outcome: 'failed', text: '', billed: 'none' },
  {
    name: 'overloaded after some text',
    stream: start() + TEXT_BLOCK + OVERLOADED,
    outcome: 'broken',
    text: TEXT,
    billed: 'unknown',
  },
  {
    name: 'an error after its end',
    stream: start() + TEXT_BLOCK + messageDelta('end_turn') + OVERLOADED,
    outcome: 'broken',
    text: TEXT,
    billed: ANTHROPIC_BILL,
  },
  {
    name: 'all but its last word',
    stream: start() + TEXT_BLOCK + messageDelta('end_turn'),
    outcome: 'broken',
    text: TEXT,
    billed: ANTHROPIC_BILL,
  },
  {
    name: 'no word of its end or usage',
    stream: start() + TEXT_BLOCK + MESSAGE_STOP,
    outcome: 'broken',
    text: TEXT,
    billed: 'unknown',
  },
];
