import fc from 'fast-check';
import { expect, test } from 'vitest';

import { normalBytesMax } from './normal-bytes.ts';

const FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;

/** Every character there is, but for the halves of pairs. */
function* characters(): Generator<string> {
  for (let code = 0; code <= 0x10_ff_ff; code += 1) if (code < 0xd8_00 || code > 0xdf_ff) yield String.fromCodePoint(code);
}

/** What the bound rests on, asked of the Unicode data of this very runtime. */
const all = [...characters()];
const apart = all.filter((character) => character.normalize('NFD') !== character);
/** Each pair that composition makes one of. */
const pairs = apart
  .filter((whole) => whole.normalize('NFC') === whole)
  .map((whole) => {
    const parts = Array.from(whole.normalize('NFD'));
    const last = parts.pop() ?? '';
    return { whole, first: parts.join('').normalize('NFC'), last };
  });

test('composition makes one character of two, and never a longer one than both were', () => {
  expect(pairs.length).toBeGreaterThan(11_000);
  const wrong = pairs.filter(
    ({ whole, first, last }) =>
      Array.from(first).length !== 1 || Buffer.byteLength(whole) > Buffer.byteLength(first) + Buffer.byteLength(last),
  );
  expect(wrong).toEqual([]);
});

test('a character whose first part may join the one before it is a mark, or its parts are all as long as it is', () => {
  const joins = new Set(pairs.map(({ last }) => last));
  const wrong = apart.filter((whole) => {
    const parts = Array.from(whole.normalize('NFKD'));
    const [first = ''] = parts;
    const even = parts.every((part) => Buffer.byteLength(part) === Buffer.byteLength(whole));
    return joins.has(first) && !/^\p{M}/u.test(first) && !even;
  });
  expect(wrong).toEqual([]);
});

test('a single character counts at its longest form, and one that no form makes longer at its own size', () => {
  for (const character of all) {
    const sizes = [character, character.normalize('NFC'), character.normalize('NFKC')].map((form) => Buffer.byteLength(form));
    const bound = normalBytesMax(character);
    if (bound < Math.max(...sizes)) expect(`${character} ${bound}`).toBe(Math.max(...sizes));
  }
  expect(normalBytesMax('ﷺ')).toBe(33);
  expect(normalBytesMax('é')).toBe(2);
  expect(normalBytesMax('각')).toBe(3);
});

test('no text is longer in any of its composed forms than its bound', () => {
  const telling = fc.oneof(
    // Korean syllables, nine of ten of these, would crowd the rest out.
    fc.constantFrom(...apart.filter((character) => !/\p{Script=Hangul}/u.test(character))),
    fc.constantFrom('가', '각', '\u1100', '\u1161', '\u11a8'),
    fc.constantFrom(...pairs.map(({ first }) => first).filter((character) => !/\p{Script=Hangul}/u.test(character))),
    fc.constantFrom(...new Set(pairs.map(({ last }) => last))),
    fc.constantFrom(...all.filter((character) => /\p{M}/u.test(character))),
    fc.constantFrom(...all.filter((character) => character.normalize('NFKD') !== character)),
    fc.constantFrom('a', ' ', '\u{d800}', '\u{dc00}'),
  );
  fc.assert(
    fc.property(fc.array(telling, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      const bound = normalBytesMax(text);
      for (const form of [text, text.normalize('NFC'), text.normalize('NFKC')]) {
        expect(bound).toBeGreaterThanOrEqual(Buffer.byteLength(form));
      }
    }),
    { numRuns: 20_000 },
  );
});

test('the bound is tight: letters with their accents, Korean, Thai and marks alone count no byte too many', () => {
  for (const text of ['café crème', '한국어', 'กาแฟสกัดเย็น', 'が', 'a\u0300\u0316', 'tiếng Việt']) {
    expect(normalBytesMax(text)).toBe(Buffer.byteLength(text));
  }
  expect(FORMS.map((form) => Buffer.byteLength('é\u0323'.normalize(form)))).toEqual([5, 5, 5, 5]);
  expect(normalBytesMax('é\u0323')).toBe(5);
});
