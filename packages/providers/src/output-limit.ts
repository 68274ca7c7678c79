/**
 * The names under which OpenAI-shaped servers take the most tokens an answer may have. A server ignores the name it does not know,
 * and then writes without an end, so the one it keeps is a fact of each upstream and never the caller's choice.
 */
export const OUTPUT_LIMIT_NAMES = ['max_tokens', 'max_completion_tokens'] as const;

export type OutputLimitName = (typeof OUTPUT_LIMIT_NAMES)[number];
