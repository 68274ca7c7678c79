const WORDS: Record<string, { readonly words: string; readonly good: boolean }> = {
  ok: { words: 'Done', good: true },
  stopped: { words: 'Stopped', good: true },
  timeout: { words: 'Took too long', good: false },
  refused: { words: 'Refused by the model', good: false },
  rate_limited: { words: 'Model too busy', good: false },
  unavailable: { words: 'Model out of reach', good: false },
  garbage: { words: 'Answer unreadable', good: false },
  fault: { words: 'Broke off', good: false },
};

/** How a call ended, for a reader; an outcome the page does not know is said as it came. */
export function outcomeWords(outcome: string): { readonly words: string; readonly good: boolean } {
  return (Object.hasOwn(WORDS, outcome) ? WORDS[outcome] : undefined) ?? { words: outcome.replaceAll('_', ' '), good: false };
}
