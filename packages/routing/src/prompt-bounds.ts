/** What a prompt can at most amount to, known before any tokenizer has seen it. */
export interface PromptBounds {
  /** Never fewer than any of the catalogue's models will count; often three to four times as many. The surplus goes back at the settle. */
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
  let input_tokens_max = REQUEST_TOKENS_MAX;
  let chars = 0;
  for (const { content } of messages) {
    input_tokens_max += MESSAGE_TOKENS_MAX + textTokensMax(content);
    chars += content.length;
  }
  return { input_tokens_max, chars };
}

/** Bounds of a prompt in a provider's own format: every byte of it, tools and schemas included, may reach the model. */
export function serialisedBounds(text: string, messages: number): PromptBounds {
  return { input_tokens_max: REQUEST_TOKENS_MAX + MESSAGE_TOKENS_MAX * messages + textTokensMax(text), chars: text.length };
}

/**
 * The most tokens a text can be: one per UTF-8 byte, plus one for the space that SentencePiece puts in front.
 * Byte-level BPE and SentencePiece with byte fallback never split a byte. A tokenizer may normalise (NFKC) first, and a few characters
 * grow by that ('ﷺ' from 3 bytes to 33), so the longer of both forms counts.
 */
export function textTokensMax(text: string): number {
  const bytes = Buffer.byteLength(text);
  // Of ASCII, every form is the same.
  if (bytes === text.length) return bytes + 1;
  return Math.max(bytes, Buffer.byteLength(text.normalize('NFKC'))) + 1;
}
