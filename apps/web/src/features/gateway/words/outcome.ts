import { t } from '../../../words/translate.ts';
const WORDS: Record<string, { readonly words: string; readonly good: boolean }> = {
  ok: { words: t('Done'), good: true },
  stopped: { words: t('Stopped'), good: true },
  timeout: { words: t('Took too long'), good: false },
  refused: { words: t('Refused by the model'), good: false },
  rate_limited: { words: t('Model too busy'), good: false },
  unavailable: { words: t('Model unavailable'), good: false },
  garbage: { words: t('Answer unreadable'), good: false },
  fault: { words: t('Interrupted'), good: false },
};

/** How a call ended, for a reader; an outcome the page does not know is said as it came. */
export function outcomeWords(outcome: string): { readonly words: string; readonly good: boolean } {
  return (Object.hasOwn(WORDS, outcome) ? WORDS[outcome] : undefined) ?? { words: outcome.replaceAll('_', ' '), good: false };
}
