import { createRequire } from 'node:module';

/** A vendor's own tokenizer, as far as it is public. */
export interface Tokenizer {
  /** Cuts a text into pieces; no token reaches over two of them. */
  readonly pieces: RegExp;
  count(piece: string): number;
}

export type Encoding = 'o200k_base' | 'cl100k_base';

/**
 * Which encoding OpenAI's models read text by, as its `tiktoken` says; undefined: it is not public. No other vendor of the catalog publishes
 * its tokenizer.
 */
export function encodingOf({ provider, name }: { readonly provider: string; readonly name: string }): Encoding | undefined {
  if (provider !== 'openai') return undefined;
  if (/^(?:gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|o[134](?:-|$))/u.test(name)) return 'o200k_base';
  return /^(?:gpt-4|gpt-3\.5|text-embedding-)/u.test(name) ? 'cl100k_base' : undefined;
}

/** Longer pieces are no words, and merging takes time by the square of their length: each byte of one counts as a token. */
const PIECE_UNITS_MAX = 128;
/** Letters whose case a newer or older table folds otherwise, so that a piece may end elsewhere. */
const FOLDED = /[\u017f\u212a]|\p{Cn}/u;
/** Pieces that are remembered: a language has some tens of thousands of words. */
const REMEMBERED_MAX = 50_000;

const known = new Map<Encoding, Map<string, number>>();

/**
 * The most tokens that a text can be: exact for what is made of words, a token a byte for what is not, and for the rest of a text where
 * `work` is used up. Time grows as the text does, whatever it is made of.
 */
export function tokensAtMost(text: string, encoding: Encoding, work: Work): number {
  const tokenizer = tokenizerOf(encoding);
  if (FOLDED.test(text)) return Buffer.byteLength(text);
  const remembered = known.get(encoding) ?? new Map<string, number>();
  known.set(encoding, remembered);
  let tokens = 0;
  for (const { 0: piece, index } of text.matchAll(tokenizer.pieces)) {
    if (!work.take(piece.length)) return tokens + Buffer.byteLength(text.slice(index));
    if (piece.length > PIECE_UNITS_MAX) {
      tokens += Buffer.byteLength(piece);
      continue;
    }
    let count = remembered.get(piece);
    if (count === undefined) {
      count = tokenizer.count(piece);
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(piece, count);
    }
    tokens += count;
  }
  return tokens;
}

/** How much may be counted: in pieces, and in the squares of long ones. */
export class Work {
  #left: number;

  constructor(pieces_max: number) {
    this.#left = pieces_max;
  }

  take(units: number): boolean {
    this.#left -= units <= 8 ? 1 : units > PIECE_UNITS_MAX ? 1 + units / 64 : (units * units) / 64;
    return this.#left >= 0;
  }
}

const tokenizers = new Map<Encoding, Tokenizer>();
const load = createRequire(import.meta.url);

interface Module {
  readonly countTokens: (text: string, options: { readonly disallowedSpecial: ReadonlySet<string> }) => number;
}
interface Patterns {
  readonly O200K_TOKEN_SPLIT_REGEX: RegExp;
  readonly CL100K_TOKEN_SPLIT_REGEX: RegExp;
}
/** What looks like a sign of the protocol is text: whoever writes it is billed for its letters. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };

/** Loaded when it is first asked for: the tables of a vendor are megabytes. */
function tokenizerOf(encoding: Encoding): Tokenizer {
  let tokenizer = tokenizers.get(encoding);
  if (tokenizer === undefined) {
    const { countTokens } = load(`gpt-tokenizer/encoding/${encoding}`) as Module;
    const patterns = load('gpt-tokenizer/encodingParams/constants') as Patterns;
    const pieces = encoding === 'o200k_base' ? patterns.O200K_TOKEN_SPLIT_REGEX : patterns.CL100K_TOKEN_SPLIT_REGEX;
    tokenizer = { pieces, count: (piece) => countTokens(piece, AS_TEXT) };
    tokenizers.set(encoding, tokenizer);
  }
  return tokenizer;
}
