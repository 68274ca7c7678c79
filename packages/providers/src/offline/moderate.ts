import type { ModerationFinding, ModerationItem } from '../media/moderation.ts';

/**
 * Words and phrases by category, each with how much it says by itself, from 0 to 1. These are stated rules, no judgment: they find what is
 * written out, in English, and miss what is only meant. What says half or more flags a text; several say more than one.
 */
const RULES: Readonly<Record<string, readonly (readonly [phrase: string, weight: number])[]>> = {
  harassment: [
    ['idiot', 0.5],
    ['moron', 0.5],
    ['loser', 0.3],
    ['shut up', 0.4],
    ['you are worthless', 0.8],
    ['nobody likes you', 0.6],
  ],
  'harassment/threatening': [
    ['i will hurt you', 0.9],
    ['i will kill you', 0.95],
    ['i will find you', 0.6],
    ['watch your back', 0.6],
  ],
  hate: [
    ['subhuman', 0.8],
    ['vermin', 0.4],
    ['go back to your country', 0.8],
    ['master race', 0.8],
  ],
  illicit: [
    ['how to launder money', 0.8],
    ['stolen credit cards', 0.8],
    ['buy cocaine', 0.8],
    ['fake passport', 0.7],
  ],
  'illicit/violent': [
    ['how to make a bomb', 0.95],
    ['build a bomb', 0.9],
    ['untraceable gun', 0.8],
  ],
  'self-harm': [
    ['suicide', 0.5],
    ['hurt myself', 0.7],
    ['cut myself', 0.6],
    ['overdose', 0.4],
  ],
  'self-harm/intent': [
    ['i want to die', 0.9],
    ['i will kill myself', 0.95],
    ['end my life', 0.9],
  ],
  sexual: [
    ['porn', 0.7],
    ['nude', 0.4],
    ['explicit sex', 0.8],
    ['escort service', 0.5],
  ],
  violence: [
    ['kill', 0.5],
    ['murder', 0.5],
    ['stab', 0.5],
    ['shoot', 0.3],
    ['massacre', 0.7],
    ['behead', 0.8],
  ],
};
/** What a text has to reach in a category to be flagged. */
const FLAGGED_AT = 0.5;
/** Words that a word of the list may end in. */
const ENDINGS = ['', 's', 'ed', 'ing', 'er', 'ers'];
const WORDS = /[\p{L}\p{M}\p{N}']+/gu;
const LONGEST = Math.max(...Object.values(RULES).flatMap((rules) => rules.map(([phrase]) => phrase.split(' ').length)));

/** Each phrase, and of single words their endings, with its category and weight. */
const KNOWN: ReadonlyMap<string, readonly (readonly [category: string, weight: number])[]> = known();

function known(): Map<string, [string, number][]> {
  const found = new Map<string, [string, number][]>();
  for (const [category, rules] of Object.entries(RULES)) {
    for (const [phrase, weight] of rules) {
      for (const ending of phrase.includes(' ') ? [''] : ENDINGS) {
        const key = phrase + ending;
        found.set(key, [...(found.get(key) ?? []), [category, weight]]);
      }
    }
  }
  return found;
}

/** What the rules find in one item. Each word is looked at as often as the longest phrase has words. */
export function moderate(item: ModerationItem): ModerationFinding {
  const text = typeof item === 'string' ? item : item.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
  const innocent = Object.fromEntries(Object.keys(RULES).map((category) => [category, 1]));
  const recent: string[] = [];
  for (const [word] of text.toLowerCase().replaceAll('’', "'").matchAll(WORDS)) {
    recent.push(word);
    if (recent.length > LONGEST) recent.shift();
    for (let from = 0; from < recent.length; from += 1) {
      for (const [category, weight] of KNOWN.get(recent.slice(from).join(' ')) ?? [])
        innocent[category] = (innocent[category] ?? 1) * (1 - weight);
    }
  }
  const scores = Object.fromEntries(Object.entries(innocent).map(([category, rest]) => [category, round(1 - rest)]));
  const categories = Object.fromEntries(Object.entries(scores).map(([category, score]) => [category, score >= FLAGGED_AT]));
  return {
    flagged: Object.values(categories).includes(true),
    categories,
    category_scores: scores,
    category_applied_input_types: Object.fromEntries(Object.keys(RULES).map((category) => [category, ['text']])),
  };
}

function round(score: number): number {
  return Math.round(score * 10_000) / 10_000;
}
