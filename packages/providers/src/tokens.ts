import { CharacterTable } from '@purser/core';

/** A token count without a model's own tokenizer: the stated approximation that the offline provider bills by and cuts its answers with. */

/** Scripts written without spaces, where about every character is a token of its own. */
const DENSE =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

const LETTERS_PER_TOKEN = 4;
const DIGITS_PER_TOKEN = 3;

const SPACE = 0;
const SIGN = 1;
const DIGIT = 2;
const LETTER = 3;
/** A letter of a script without spaces. */
const DENSE_LETTER = 4;

const kinds = new CharacterTable((character) => {
  if (/\s/u.test(character)) return SPACE;
  if (/\p{N}/u.test(character)) return DIGIT;
  if (!/[\p{L}\p{M}]/u.test(character)) return SIGN;
  return DENSE.test(character) ? DENSE_LETTER : LETTER;
});

/** Goes through a text run by run: letters and marks, digits, or one sign; spaces are passed over. */
class Runs {
  start = 0;
  end = 0;
  /** Of the run at hand. */
  tokens = 0;
  dense = false;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** False at the end of the text. */
  next(): boolean {
    const { length } = this.#text;
    let kind = SPACE;
    while (this.end < length && (kind = this.#kindAt(this.end)) === SPACE) this.end += 1;
    if (this.end >= length) return false;
    this.start = this.end;
    this.dense = false;
    const letters = kind >= LETTER;
    let points = 0;
    do {
      points += 1;
      if (kind === DENSE_LETTER) this.dense = true;
      this.end += this.#unitsAt(this.end);
      if (kind === SIGN || this.end >= length) break;
      kind = this.#kindAt(this.end);
    } while (letters ? kind >= LETTER : kind === DIGIT);
    const units = this.end - this.start;
    if (letters) this.tokens = this.dense ? points : Math.ceil(units / LETTERS_PER_TOKEN);
    else this.tokens = this.#kindAt(this.start) === DIGIT ? Math.ceil(units / DIGITS_PER_TOKEN) : 1;
    return true;
  }

  #kindAt(at: number): number {
    return kinds.of(this.#text.codePointAt(at) ?? 0);
  }

  #unitsAt(at: number): number {
    return (this.#text.codePointAt(at) ?? 0) > 0xff_ff ? 2 : 1;
  }
}

/**
 * The offline approximation: a run of letters counts one per begun four, a run of digits one per begun three,
 * each letter of a script without spaces and each other sign one. Spaces are free. Adds up over concatenation at spaces.
 */
export function countTokens(text: string): number {
  let tokens = 0;
  for (const runs = new Runs(text); runs.next();) tokens += runs.tokens;
  return tokens;
}

/** The longest prefix of `text` of at most `tokens_max` by `countTokens`, never inside a run unless the run alone is too long. */
export function takeTokens(text: string, tokens_max: number): string {
  let tokens = 0;
  for (const runs = new Runs(text); runs.next(); tokens += runs.tokens) {
    if (tokens + runs.tokens <= tokens_max) continue;
    const before = text.slice(0, runs.start);
    return runs.dense ? before + wholeGraphemes(text.slice(runs.start, runs.end), tokens_max - tokens) : before.trimEnd();
  }
  return text;
}

/** At most `characters_max` code points, without tearing a vowel or tone mark from its letter. */
function wholeGraphemes(segment: string, characters_max: number): string {
  let end = 0;
  let characters = 0;
  for (const { segment: grapheme } of new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(segment)) {
    characters += codePoints(grapheme);
    if (characters > characters_max) break;
    end += grapheme.length;
  }
  return segment.slice(0, end);
}

export function codePoints(text: string): number {
  return Array.from(text).length;
}
