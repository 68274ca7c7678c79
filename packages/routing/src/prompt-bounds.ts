import { normalBytesMax } from './normal-bytes.ts';

/** What a prompt can at most amount to, known before any tokenizer has seen it. */
export interface PromptBounds {
  /**
   * Never fewer than any of the catalog's models will count; often three to four times as many. The surplus goes back at the settle.
   * Reckoned when it is first asked for: a request that is refused for its size or its rate costs no look at its text.
   */
  readonly input_tokens_max: number;
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

/** Bounds of a prompt in a provider's own format: every byte of it, tools and schemas included, may reach the model. */
export function serialisedBounds(text: string, messages: number): PromptBounds {
  return new BoundsOfTexts([text], messages);
}

class BoundsOfTexts implements PromptBounds {
  readonly chars: number;
  readonly #texts: readonly string[];
  readonly #messages: number;
  #input_tokens_max: number | undefined;

  constructor(texts: readonly string[], messages: number) {
    this.#texts = texts;
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
}

/**
 * The most tokens a text can be: one per UTF-8 byte, plus one for the space that SentencePiece puts in front.
 * Byte-level BPE and SentencePiece with byte fallback never split a byte. A tokenizer may normalise (NFKC) first, and a few characters
 * grow by that ('ﷺ' from 3 bytes to 33), so the longest of their forms counts.
 */
export function textTokensMax(text: string): number {
  return normalBytesMax(text) + 1;
}
