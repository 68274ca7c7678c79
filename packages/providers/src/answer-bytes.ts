/** What an answer has beside its tokens: ids, usage, headers of its own, keep-alives, signatures of hidden reasoning. */
const FIXED_BYTES = 131_072;
/** A token of text is some four bytes; escaped, and a long one, at most this on average. */
const TOKEN_BYTES = 256;
/** In a stream each token may be an event of its own, with the model, the ids and padding in every one. */
const EVENT_BYTES = 1_024;
/** One alternative of a token with its probability and its bytes, each of them a number. */
const ALTERNATIVE_BYTES = 512;

export interface AnswerSize {
  readonly output_tokens_max: number;
  readonly stream: boolean;
  /** Some servers send parts of the request back. */
  readonly request_bytes: number;
  /** How many probabilities each token comes with. */
  readonly alternatives?: number;
}

/** The most bytes that an answer within its output limit can be. One that is longer does not keep the limit, and is cut off. */
export function answerBytesMax({ output_tokens_max, stream, request_bytes, alternatives = 0 }: AnswerSize): number {
  const token_bytes = (stream ? EVENT_BYTES : TOKEN_BYTES) + alternatives * ALTERNATIVE_BYTES;
  return FIXED_BYTES + request_bytes + output_tokens_max * token_bytes;
}

/** Longer vectors than any model makes, where a length was not asked for. */
const DIMENSIONS_MAX = 8_192;
/** One number as four bytes in base64, and in decimals with what stands between two. */
const NUMBER_BYTES = { base64: 6, decimals: 32 };

/** The most bytes that an answer with vectors is. */
export function vectorBytesMax(
  { inputs, dimensions = DIMENSIONS_MAX }: { readonly inputs: readonly unknown[]; readonly dimensions?: number },
  base64: boolean,
): number {
  return FIXED_BYTES + inputs.length * (512 + dimensions * NUMBER_BYTES[base64 ? 'base64' : 'decimals']);
}
