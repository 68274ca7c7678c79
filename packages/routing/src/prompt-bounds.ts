import { normalBytesMax } from './normal-bytes.ts';
import { type Encoding, encodingOf, tokensAtMost, Work } from './token-count.ts';

/** What a prompt can at most amount to, known before any tokenizer has seen it. */
export interface PromptBounds {
  /**
   * Never fewer than any of the catalog's models will count; often three to four times as many. The surplus goes back at the settle.
   * Reckoned when it is first asked for: a request that is refused for its size or its rate costs no look at its text.
   */
  readonly input_tokens_max: number;
  /** The same for one model: tighter for a long text where its vendor’s own tokenizer is public. */
  tokensMaxFor(model: { readonly provider: string; readonly name: string }): number;
  /** UTF-16 length of the texts: what `input_chars_max` limits. */
  readonly chars: number;
}

/** Role marks, separators, a name: OpenAI documents 3 to 4 tokens a message, templates of open models use up to a dozen. */
const MESSAGE_TOKENS_MAX = 16;
/** The template around all messages: start, priming of the answer, a date line or default system text that some templates add. */
const REQUEST_TOKENS_MAX = 64;

/** Bounds of a chat prompt, instructions included. */
export function promptBounds(messages: readonly { readonly content: string }[]): PromptBounds {
  return new BoundsOfTexts(
    messages.map(({ content }) => content),
    messages.length,
  );
}

/**
 * Bounds of a prompt in a provider's own format, as JSON: every byte of it, tools and schemas included, may reach the model. `words`: the
 * texts in it that are the messages themselves, each as JSON has it in `text`.
 */
export function serialisedBounds(text: string, messages: number, words: readonly string[] = []): PromptBounds {
  return new BoundsOfTexts([text], messages, words);
}

/** Shorter prompts are bounded by their bytes: what that holds too much is little, and soon given back. */
const COUNTED_FROM_BYTES = 8_000;
/** What of one prompt is counted at most: some 800,000 characters of English, and some 40 ms of one core. */
const WORK_MAX = 200_000;

class BoundsOfTexts implements PromptBounds {
  readonly chars: number;
  readonly #texts: readonly string[];
  readonly #messages: number;
  readonly #words: readonly string[];
  readonly #counted = new Map<Encoding, number>();
  #input_tokens_max: number | undefined;

  /** `words`: what of the texts is counted, where a vendor's tokenizer is public; absent: all of them. */
  constructor(texts: readonly string[], messages: number, words?: readonly string[]) {
    this.#texts = texts;
    this.#words = words ?? texts;
    this.#messages = messages;
    this.chars = texts.reduce((sum, text) => sum + text.length, 0);
  }

  get input_tokens_max(): number {
    this.#input_tokens_max ??= this.#texts.reduce(
      (sum, text) => sum + textTokensMax(text),
      REQUEST_TOKENS_MAX + MESSAGE_TOKENS_MAX * this.#messages,
    );
    return this.#input_tokens_max;
  }

  tokensMaxFor(model: { readonly provider: string; readonly name: string }): number {
    const by_bytes = this.input_tokens_max;
    const encoding = by_bytes < COUNTED_FROM_BYTES ? undefined : encodingOf(model);
    if (encoding === undefined) return by_bytes;
    let counted = this.#counted.get(encoding);
    if (counted === undefined) this.#counted.set(encoding, (counted = this.#count(encoding)));
    return Math.min(by_bytes, counted);
  }

  /** The words by their tokens, and what stands between them by its bytes: this vendor's tokenizer leaves a text in its form. */
  #count(encoding: Encoding): number {
    const work = new Work(WORK_MAX);
    let tokens = REQUEST_TOKENS_MAX + MESSAGE_TOKENS_MAX * this.#messages;
    const whole = this.#words === this.#texts;
    if (!whole) {
      const bytes = this.#texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      tokens += this.#words.reduce((sum, word) => sum - Buffer.byteLength(JSON.stringify(word)), bytes) + 2 * this.#words.length;
    }
    for (const word of this.#words) tokens += tokensAtMost(word, encoding, work) + 1;
    return tokens;
  }
}

/**
 * The most tokens a text can be: one per UTF-8 byte, plus one for the space that SentencePiece puts in front.
 * Byte-level BPE and SentencePiece with byte fallback never split a byte. A tokenizer may normalise (NFKC) first, and a few characters
 * grow by that ('ﷺ' from 3 bytes to 33), so the longest of their forms counts.
 */
export function textTokensMax(text: string): number {
  return normalBytesMax(text) + 1;
}
