import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerRecord } from '../answer-record.ts';
import { readChat, readWhole } from './read-chat.ts';

const words = fc.oneof(
  fc.constantFrom('', 'a', 'é', '你好 🛳', '"', '\\', 'stop', 'length', 'priority', 'größer', '\ud800', '\u00a0', '\u2028'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const answer = fc.record(
  {
    model: words,
    service_tier: fc.option(words),
    choices: fc.array(
      fc.record(
        {
          message: fc.record(
            { content: fc.option(words), refusal: words, reasoning_content: words },
            { requiredKeys: ['content'] },
          ),
          finish_reason: fc.option(fc.constantFrom('stop', 'length', 'content_filter', 'schön')),
        },
        { requiredKeys: ['message'] },
      ),
      { minLength: 1, maxLength: 2 },
    ),
    error: fc.option(fc.record({ message: words, type: words })),
    usage: fc.option(fc.record({ prompt_tokens: fc.nat(9), completion_tokens: fc.nat(9), größe: words })),
    größe: words,
  },
  { requiredKeys: ['choices'] },
);
/** An answer as it comes, or with some of its bytes lost, doubled, or others in their place. */
const bytes = fc
  .tuple(answer, fc.boolean(), fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.nat(2))
  .map(([value, whole, at, some, less]) => {
    const body = Buffer.from(JSON.stringify(value));
    if (whole) return body;
    const cut = at % (body.length + 1);
    return Buffer.concat([body.subarray(0, cut), some, body.subarray(cut + less)]);
  });

/** What is asked of a whole answer. */
function told(record: AnswerRecord): object {
  const { report, empty, isAnswer, complete, finish, error, service_tier } = record;
  return { report, empty, isAnswer, complete, finish, error, service_tier };
}

test('a whole answer comes to the same however its bytes are read, whatever they are', () => {
  let answers = 0;
  fc.assert(
    fc.property(bytes, (body) => {
      const decoded = new AnswerRecord();
      readChat(decoded, body.toString('utf8'));
      if (decoded.isAnswer) answers += 1;
      expect(told(readWhole(body))).toEqual(told(decoded));
    }),
    { numRuns: 2_000 },
  );
  expect(answers).toBeGreaterThan(200);
});

test('the words of a failure are the provider’s own, in any script', () => {
  const error = { message: 'Überlastet 你好', type: 'overloaded' };
  expect(readWhole(Buffer.from(JSON.stringify({ error }))).error).toEqual(error);
  const tier = { choices: [{ message: { content: 'a' }, finish_reason: 'stop' }], service_tier: 'Größe' };
  expect(readWhole(Buffer.from(JSON.stringify(tier))).service_tier).toBe('größe');
});
