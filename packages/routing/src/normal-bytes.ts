import { CharacterTable } from '@purser/core';

/*
 * How many UTF-8 bytes a text has at most, once a tokenizer has brought it into any Unicode normal form. Normalizing the text itself
 * would tell, but takes time by the square of a run of combining marks, and the text is a stranger's. So each character is normalized
 * by itself, once in the life of the process, and the sizes are added up.
 *
 * Why the sum is a bound: decomposition works on each character alone, reordering moves marks and keeps their bytes, and composition
 * never makes two characters longer than they were. So the decomposed sizes added up bound every form of the text. A character that no
 * mark follows is not taken apart for good (only a mark can come between its parts), so that its composed size does.
 */

const SIZE_BITS = 6;
const SIZE = (1 << SIZE_BITS) - 1;

/** The size without a mark after it, the size with one, and whether it is, or begins with, a mark itself. */
const table = new CharacterTable(sizesOf);

function sizesOf(character: string): number {
  const bytes = Buffer.byteLength(character);
  const decomposed = character.normalize('NFKD');
  const alone = Math.max(bytes, Buffer.byteLength(character.normalize('NFKC')));
  const apart = Math.max(alone, Buffer.byteLength(decomposed));
  return alone | (apart << SIZE_BITS) | (/^\p{M}/u.test(decomposed) ? 1 << (2 * SIZE_BITS) : 0);
}

/** A bound for the UTF-8 bytes of the text and of each of its normal forms; one pass, whatever the text. */
export function normalBytesMax(text: string): number {
  const bytes = Buffer.byteLength(text);
  // Of ASCII, every form is the same.
  if (bytes === text.length) return bytes;
  let sum = 0;
  /** What the last character grows by if a mark follows. */
  let growth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      sum += 1;
      growth = 0;
      continue;
    }
    const code = unit >= 0xd8_00 && unit < 0xdc_00 ? (text.codePointAt(at) ?? unit) : unit;
    if (code > 0xff_ff) at += 1;
    const sizes = table.of(code);
    const alone = sizes & SIZE;
    const apart = (sizes >>> SIZE_BITS) & SIZE;
    const mark = sizes >>> (2 * SIZE_BITS) !== 0;
    sum += mark ? growth + apart : alone;
    growth = mark ? 0 : apart - alone;
  }
  return sum;
}
