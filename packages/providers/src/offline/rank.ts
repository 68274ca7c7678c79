import { contentKeys, sentencesOf, stem, type Word, wordsOf } from './text.ts';

interface RankedSentence {
  readonly text: string;
  /** Place in the text, from 0. */
  readonly index: number;
  readonly score: number;
}

/** How often each content word occurs, by its folded form. */
export function termFrequencies(text: string): Map<string, number> {
  const frequencies = new Map<string, number>();
  for (const key of contentKeys(text)) frequencies.set(key, (frequencies.get(key) ?? 0) + 1);
  return frequencies;
}

/**
 * Scores sentences by the mean frequency of their content words (SumBasic; Nenkova and Vanderwende, 2005), a bonus for the
 * opening and for figures, and a malus for fragments. Reading order is kept; equal texts count once.
 */
function rankSentences(text: string): RankedSentence[] {
  const frequencies = termFrequencies(text);
  const seen = new Set<string>();
  return sentencesOf(text).flatMap((sentence, index) => {
    const folded = sentence.toLocaleLowerCase('en');
    if (seen.has(folded)) return [];
    seen.add(folded);
    const keys = contentKeys(sentence);
    const mean = keys.reduce((sum, key) => sum + (frequencies.get(key) ?? 0), 0) / Math.max(keys.length, 1);
    const opening = index === 0 ? 1.3 : 1;
    const figures = /\p{N}/u.test(sentence) ? 1.15 : 1;
    const fragment = keys.length < 3 ? 0.4 : 1;
    return [{ text: sentence, index, score: mean * opening * figures * fragment }];
  });
}

/**
 * The `count` sentences that together say most, in reading order. After each pick the words it covered count half,
 * so that the second sentence adds to the first instead of repeating it.
 */
export function bestSentences(text: string, count: number): string[] {
  const remaining = rankSentences(text);
  const covered = new Map<string, number>();
  const picked: RankedSentence[] = [];
  const keysOf = new Map(remaining.map((sentence) => [sentence.index, contentKeys(sentence.text)]));
  while (picked.length < count && remaining.length > 0) {
    let best = 0;
    let bestScore = -1;
    for (const [place, sentence] of remaining.entries()) {
      const keys = keysOf.get(sentence.index) ?? [];
      const known = keys.filter((key) => covered.has(key)).length / Math.max(keys.length, 1);
      const score = sentence.score * (1 - known / 2);
      if (score > bestScore) [best, bestScore] = [place, score];
    }
    const [chosen] = remaining.splice(best, 1);
    if (!chosen) break;
    picked.push(chosen);
    for (const key of keysOf.get(chosen.index) ?? []) covered.set(key, 1);
  }
  return picked.toSorted((a, b) => a.index - b.index).map((sentence) => sentence.text);
}

const PHRASE_WORDS_MAX = 3;
/** What is longer is no phrase that anybody would name the text by. */
const PHRASE_CHARACTERS_MAX = 80;

/**
 * Key phrases: runs of up to three content words between stop words and punctuation (the candidates of RAKE; Rose et al., 2010).
 * What recurs scores its frequency times its length; what occurs once comes after, and is at most two words. As they are written
 * in the text; the most telling first; none contained in another.
 */
export function keyPhrases(material: string, count: number): string[] {
  const candidates = new Map<string, { text: string; words: number; frequency: number; first: number }>();
  for (const run of sentencesOf(material).flatMap(contentRuns)) {
    for (const phrase of phrasesOf(run)) {
      const key = phrase.map((word) => stem(word.key)).join(' ');
      const known = candidates.get(key);
      const text = joinWords(phrase);
      if (known) {
        known.frequency += 1;
        // Written small anywhere, it is no name: the capital only began a sentence.
        if (text === text.toLocaleLowerCase('en')) known.text = text;
      } else candidates.set(key, { text, words: phrase.length, frequency: 1, first: candidates.size });
    }
  }
  const ranked = [...candidates.values()]
    .filter(({ text, frequency, words }) => text.length <= PHRASE_CHARACTERS_MAX && (frequency > 1 || words < PHRASE_WORDS_MAX))
    .map((candidate) => ({
      ...candidate,
      score: candidate.frequency > 1 ? candidate.frequency * candidate.words : candidate.words / 4,
    }))
    .toSorted((a, b) => b.score - a.score || a.first - b.first);
  const phrases: string[] = [];
  for (const candidate of ranked) {
    if (phrases.length >= count) break;
    const folded = candidate.text.toLocaleLowerCase('en');
    if (!phrases.some((phrase) => overlaps(phrase.toLocaleLowerCase('en'), folded))) phrases.push(candidate.text);
  }
  return phrases;
}

function* phrasesOf(run: readonly Word[]): Generator<Word[]> {
  for (let from = 0; from < run.length; from += 1) {
    for (let length = 1; length <= PHRASE_WORDS_MAX && from + length <= run.length; length += 1) {
      yield run.slice(from, from + length);
    }
  }
}

function overlaps(a: string, b: string): boolean {
  return a.includes(b) || b.includes(a);
}

function contentRuns(sentence: string): Word[][] {
  return sentence.split(/[,.;:!?()[\]"“”—–|/]+/u).flatMap((clause) => {
    const runs: Word[][] = [];
    let open: Word[] = [];
    for (const word of wordsOf(clause)) {
      if (word.stop || /^\p{N}+$/u.test(word.key)) {
        if (open.length > 0) runs.push(open);
        open = [];
      } else open.push(word);
    }
    if (open.length > 0) runs.push(open);
    return runs;
  });
}

const UNSPACED_END = /[\p{Script=Thai}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Lao}\p{Script=Khmer}]$/u;

/** Words of a spaced script are joined by spaces, others directly. */
function joinWords(words: readonly Word[]): string {
  let joined = '';
  for (const { text } of words) joined += joined === '' || UNSPACED_END.test(joined) ? text : ` ${text}`;
  return joined;
}
