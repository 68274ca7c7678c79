import type { Reply, ReplyUsage } from './reply.ts';
import { namedEvent, type Wire } from './wire.ts';

/** Anthropic leaves cached tokens out of `input_tokens`. */
function usageReport(usage: ReplyUsage, output: number): object {
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    output_tokens: output,
  };
}

function message(reply: Reply, content: readonly object[], stop: string | null, usage: object | null): object {
  return {
    id: 'msg_standin',
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content,
    stop_reason: stop,
    stop_sequence: null,
    ...(usage ? { usage } : {}),
  };
}

function stopOf({ calls, finish }: Reply): string {
  if (calls.length > 0) return 'tool_use';
  return finish === 'stop' ? 'end_turn' : 'max_tokens';
}

function useOf({ name }: Reply['calls'][number], index: number, input: object): object {
  return { type: 'tool_use', id: `toolu_${index}`, name, input };
}

/** A call begins with an empty input, whose JSON follows in pieces. */
function callEvents(call: Reply['calls'][number], place: number, index: number): string[] {
  const text = JSON.stringify(call.input);
  const pieces = ['', text.slice(0, 3), text.slice(3)].map((partial_json) =>
    namedEvent('content_block_delta', { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json } }),
  );
  return [
    namedEvent('content_block_start', { type: 'content_block_start', index, content_block: useOf(call, place, {}) }),
    ...pieces,
    namedEvent('content_block_stop', { type: 'content_block_stop', index }),
  ];
}

/** Anthropic's messages. The first event of a stream reports the input and one token of output, the last but one the rest. */
export const anthropicWire: Wire = {
  whole(reply) {
    const text = reply.pieces.join('');
    const calls = reply.calls.map((call, index) => useOf(call, index, call.input));
    const content = text === '' ? calls : [{ type: 'text', text }, ...calls];
    return message(reply, content, stopOf(reply), reply.usage && usageReport(reply.usage, reply.usage.output));
  },
  events(reply) {
    const { usage } = reply;
    const texts = reply.pieces.map((text) =>
      namedEvent('content_block_delta', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    );
    const begin = [
      namedEvent('message_start', { type: 'message_start', message: message(reply, [], null, usage && usageReport(usage, 1)) }),
      namedEvent('content_block_start', { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ];
    if (reply.unfinished) return [...begin, ...texts];
    const delta = { stop_reason: stopOf(reply), stop_sequence: null };
    return [
      ...begin,
      ...texts,
      namedEvent('content_block_stop', { type: 'content_block_stop', index: 0 }),
      ...reply.calls.flatMap((call, place) => callEvents(call, place, place + 1)),
      namedEvent('message_delta', { type: 'message_delta', delta, ...(usage ? { usage: { output_tokens: usage.output } } : {}) }),
      namedEvent('message_stop', { type: 'message_stop' }),
    ];
  },
  streamError: () =>
    namedEvent('error', { type: 'error', error: { type: 'overloaded_error', message: 'the stand-in lost its thread' } }),
  error: (status, text) => ({
    type: 'error',
    error: { type: status === 429 ? 'rate_limit_error' : 'invalid_request_error', message: text },
  }),
};
