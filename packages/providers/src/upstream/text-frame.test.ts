import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerRecord } from '../answer-record.ts';
import { EventSplitter, type ServerEvent } from './events.ts';
import { readChatEvent } from './read-chat.ts';
import { TextFrame } from './text-frame.ts';

const USAGE = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 };

function eventsIn(stream: string | Buffer): ServerEvent[] {
  return new EventSplitter().push(Buffer.from(stream as string));
}

function eventOf(json: string | Buffer): ServerEvent {
  const [event] = eventsIn(Buffer.concat([Buffer.from('data: '), Buffer.from(json as string), Buffer.from('\n\n')]));
  if (event === undefined) throw new Error('no event');
  return event;
}

/** A record in which something was said before, and its usage reported: what an event does to it can be seen. */
function begun(): AnswerRecord {
  const record = new AnswerRecord();
  readChatEvent(
    record,
    JSON.stringify({ model: 'before', choices: [{ delta: { content: 'x' }, finish_reason: 'stop' }], usage: USAGE }),
  );
  return record;
}

function all(record: AnswerRecord): object {
  const { model, finish, terminated, error, service_tier, pieces, bytes, said_bytes, reports, report, isAnswer } = record;
  return { model, finish, terminated, error, service_tier, pieces, bytes, said_bytes, reports, report, isAnswer };
}

/** What an event does to a record, read as each event is that has no frame. */
function parsed(record: AnswerRecord, { data }: ServerEvent): string | null {
  return data === null ? null : readChatEvent(record, data);
}

/**
 * An event is read by the frame of the one before it, or it is parsed: either way the record is the same. Returns whether it was
 * read by the frame.
 */
function readBoth(first: ServerEvent, second: ServerEvent): boolean {
  const frame = TextFrame.of(first);
  const [framed, plain] = [begun(), begun()];
  for (const record of [framed, plain]) parsed(record, first);
  const untouched = all(framed);
  const noted = frame?.note(framed, second) === true;
  if (!noted) expect(all(framed)).toEqual(untouched);
  else expect(parsed(plain, second)).toBe('chunk');
  if (noted) expect(all(framed)).toEqual(all(plain));
  return noted;
}

/** Words that mean something to the reader, or to JSON, or break it. */
const WORDS: readonly string[] = [
  'content',
  'usage',
  'finish_reason',
  'obfuscation',
  'a text',
  '"content":"',
  '","content":"',
  '"},"usage":{"prompt_tokens":0,"completion_tokens":0}',
  '"}],"error":{"message":"x"}',
  String.raw`\u0075sage`,
  '\\',
  '"',
  '\n',
  '\r',
  '\0',
  '\u2028',
  'é',
  '你好',
  '🛳',
  '\uD800',
  ' ',
  '[DONE]',
  'null',
  '\u007f',
  '\u0080',
];
const words = fc.constantFrom(...WORDS);
const hostile = fc.oneof(
  fc.array(words, { maxLength: 4 }).map((some) => some.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
/** Mostly as models write, so that frames are there to be fooled. */
function mostly<T>(usual: T, ...rest: readonly fc.Arbitrary<T>[]): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: fc.constant(usual), weight: 15 * rest.length }, ...rest);
}
const text = mostly('a text', hostile);
const usage = mostly<unknown>(
  null,
  fc.constantFrom(USAGE, {}, { prompt_tokens: -1 }, { prompt_tokens: 0, completion_tokens: 0 }),
);
const error = mostly<unknown>(null, fc.constantFrom('', 'broken', {}, { message: 'x', obfuscation: 'y' }));
const echo = { usage: USAGE, content: 'echo', choices: [{ delta: { content: 'echo' } }] };
const value = mostly<unknown>(echo, fc.jsonValue({ maxDepth: 2 }), hostile);
const delta = fc.record(
  {
    role: fc.constantFrom('assistant', null),
    content: mostly<unknown>('a', text, fc.constantFrom(null, [], [{ type: 'text', text: 'part', content: 'x' }])),
    reasoning_content: mostly<unknown>(null, text),
    reasoning: mostly<unknown>(null, text),
    refusal: mostly<unknown>(null, text),
    tool_calls: mostly<unknown>([], fc.constant([{ index: 0, function: { name: 'f', arguments: '{}', content: 'x' } }])),
    audio: mostly<unknown>(null, fc.constant({ data: 'ab' })),
  },
  { requiredKeys: [] },
);
const choice = fc.record(
  {
    index: fc.constant(0),
    delta: mostly<unknown>({ content: 'a text' }, delta, fc.constantFrom(null, 'content')),
    finish_reason: mostly<unknown>(null, fc.constantFrom('stop', 'length')),
    logprobs: mostly<unknown>(null, fc.constant({ content: [{ token: 'x', logprob: -1 }] })),
    text,
    error,
  },
  { requiredKeys: ['index', 'delta', 'finish_reason'] },
);
const body = fc.record(
  {
    id: text,
    model: text,
    choices: fc.oneof(
      { arbitrary: fc.array(choice, { minLength: 1, maxLength: 1 }), weight: 12 },
      fc.array(choice),
      fc.constantFrom(null, {}),
    ),
    service_tier: fc.constantFrom('default', 'priority', null),
    metadata: value,
    error,
    usage,
    obfuscation: text,
  },
  { requiredKeys: ['id', 'choices'] },
);
/** Members in any order, some of them twice, some with spaces about them, some with their names escaped. */
const event = fc
  .tuple(body, mostly<object>({}, body), fc.infiniteStream(fc.nat(60)), fc.constantFrom(':', ': ', ' : '))
  .map(([first, again, dice, colon]) => {
    const members = [...Object.entries(first), ...Object.entries(again)];
    const ordered = members.map((member) => [dice.next().value, member] as const).toSorted(([a], [b]) => a - b);
    const written = ordered.map(([, [name, member]]) => {
      const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
      const json = JSON.stringify(member).replaceAll(/(?<=[{,]"\w+"):/gu, colon);
      return `"${dice.next().value === 0 ? escaped : name}"${colon}${json}`;
    });
    return `{${written.join(',')}}`;
  });
/** One event, and another that differs from it by little: in a text, in some bytes, in both, or in all. */
const pair = fc
  .tuple(event, event, text, fc.nat(), fc.uint8Array({ maxLength: 3 }), fc.nat(7))
  .map(([one, other, said, at, bytes, how]): readonly [Buffer, Buffer] => {
    const first = Buffer.from(one);
    if (how === 0) return [first, Buffer.from(other)];
    const texts = [...one.matchAll(/(?<="(?:content|reasoning_content|reasoning|obfuscation)"\s?:\s?")[^"\\]*(?=")/gu)];
    const hole = texts[at % Math.max(1, texts.length)];
    const written = at % 3 === 0 ? said : JSON.stringify(said).slice(1, -1);
    const swapped = hole === undefined ? one : one.slice(0, hole.index) + written + one.slice(hole.index + hole[0].length);
    const second = Buffer.from(how === 1 ? one : swapped);
    if (how > 2) return [first, second];
    const cut = at % (second.length + 1);
    return [first, Buffer.concat([second.subarray(0, cut), bytes, second.subarray(cut + (at % 2))])];
  });

test('an event that is read by the frame of the one before it says the same as when it is parsed, whatever it holds', () => {
  let noted = 0;
  fc.assert(
    fc.property(pair, ([first, second]) => {
      if (readBoth(eventOf(first), eventOf(second))) noted += 1;
    }),
    { numRuns: 4_000 },
  );
  // Often enough that the sameness was tried.
  expect(noted).toBeGreaterThan(200);
});

const shape = (content: string, more: object = {}): string =>
  JSON.stringify({
    id: 'c-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm-1',
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
    ...more,
  });

test.each([
  ['OpenAI’s', [shape('Hello', { usage: null, obfuscation: 'a1B' }), shape(' wörld 🛳', { usage: null, obfuscation: '' })]],
  [
    'those of a server that writes its JSON with spaces',
    ['a', 'b c'].map(
      (said) => `{"id": "c-1", "choices": [{"index": 0, "delta": {"content": "${said}"}, "finish_reason": null}]}`,
    ),
  ],
  ['thoughts', ['a', '思考'].map((said) => JSON.stringify({ choices: [{ delta: { content: null, reasoning_content: said } }] }))],
  ['those that echo a request', [shape('a', { metadata: { usage: USAGE } }), shape('b', { metadata: { usage: USAGE } })]],
])('the texts of a stream are read by their frame: %s', (_, [first = '', second = '']) => {
  expect(readBoth(eventOf(first), eventOf(second))).toBe(true);
});

test.each([
  [
    'a text that ends its string',
    shape('PLACE').replace('PLACE', '"},"usage":{"prompt_tokens":0,"completion_tokens":0},"x":{"y":"'),
  ],
  ['an escape', shape('a\nb')],
  ['a broken escape', shape('PLACE').replace('PLACE', '\\x')],
  ['a control character', shape('PLACE').replace('PLACE', '\u0001')],
  ['a usage behind it', shape('a', { usage: USAGE })],
  ['an error behind it', shape('a', { error: { message: 'x' } })],
  ['another model', shape('a').replace('m-1', 'm-2')],
  ['its end', shape('a').replace('"finish_reason":null', '"finish_reason":"stop"')],
  ['less than an object', shape('a').slice(0, -1)],
])('an event that differs by more than a plain text is parsed: %s', (_, second) => {
  expect(readBoth(eventOf(shape('first')), eventOf(second))).toBe(false);
});

test.each([
  ['says more than a text', JSON.stringify({ choices: [{ delta: { content: 'a', refusal: 'b' } }] })],
  ['brings its usage in every event', shape('a', { usage: USAGE })],
  ['brings a usage that cannot be so', shape('a', { usage: {} })],
  ['has its text elsewhere', JSON.stringify({ metadata: { content: 'a' }, choices: [{ delta: { content: 'b' } }] })],
  ['is the answer’s end', shape('a').replace('"finish_reason":null', '"finish_reason":"stop"')],
  ['tells an error', shape('a', { error: { message: 'x' } })],
  [
    'has a text elsewhere, of the length that is tried',
    JSON.stringify({ metadata: { content: 'a' }, choices: [{ delta: { content: 'a text' } }] }),
  ],
  ['has it twice', '{"choices":[{"delta":{"content":"a","content":"b"}}]}'],
  ['spells a name in escapes', String.raw`{"choices":[{"delta":{"content":"a","\u0063ontent":"b"}}]}`],
  ['is over several lines', '{"choices":[{"delta":\ndata: {"content":"a"}}]}'],
])('an event has no frame that %s', (_, json) => {
  expect(TextFrame.of(eventOf(json))).toBeNull();
});
