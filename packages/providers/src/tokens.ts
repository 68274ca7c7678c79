/** A token count without a model's own tokenizer: the stated approximation that the offline provider bills by and cuts its answers with. */

/** Letters, marks or digits of one run; everything that is neither these nor a space counts by itself. */
const SEGMENTS = /[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]/gu;

/** Scripts written without spaces, where about every character is a token of its own. */
const DENSE =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

const LETTERS_PER_TOKEN = 4;
const DIGITS_PER_TOKEN = 3;

/**
 * The offline approximation: a run of letters counts one per begun four, a run of digits one per begun three,
 * each letter of a script without spaces and each other sign one. Spaces are free. Adds up over concatenation at spaces.
 */
export function countTokens(text: string): number {
  let tokens = 0;
  for (const match of text.matchAll(SEGMENTS)) tokens += tokensOfSegment(match[0]);
  return tokens;
}

function tokensOfSegment(segment: string): number {
  if (/^\p{N}/u.test(segment)) return Math.ceil(segment.length / DIGITS_PER_TOKEN);
  if (!/^[\p{L}\p{M}]/u.test(segment)) return 1;
  return DENSE.test(segment) ? codePoints(segment) : Math.ceil(segment.length / LETTERS_PER_TOKEN);
}

/** The longest prefix of `text` of at most `tokens_max` by `countTokens`, never inside a run unless the run alone is too long. */
export function takeTokens(text: string, tokens_max: number): string {
  let tokens = 0;
  for (const match of text.matchAll(SEGMENTS)) {
    const segment = match[0];
    const cost = tokensOfSegment(segment);
    if (tokens + cost <= tokens_max) {
      tokens += cost;
      continue;
    }
    if (!DENSE.test(segment)) return text.slice(0, match.index).trimEnd();
    return text.slice(0, match.index) + wholeGraphemes(segment, tokens_max - tokens);
  }
  return text;
}

/** At most `characters_max` code points, without tearing a vowel or tone mark from its letter. */
function wholeGraphemes(segment: string, characters_max: number): string {
  let taken = '';
  let characters = 0;
  for (const { segment: grapheme } of new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(segment)) {
    characters += codePoints(grapheme);
    if (characters > characters_max) break;
    taken += grapheme;
  }
  return taken;
}

export function codePoints(text: string): number {
  return Array.from(text).length;
}
