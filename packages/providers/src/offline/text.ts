import { codePoints } from '../tokens.ts';
import { isStopWord, languageOf } from './language.ts';

const sentenceSegmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
const wordSegmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** A Thai clause shorter than this belongs to its neighbour: Thai marks clauses by spaces and sentences by nothing. */
const THAI_SENTENCE_CHARACTERS_MIN = 40;
/** At the end of a part, which begins at a word. */
const ABBREVIATION = /(?:^|\s)(?:dr|mr|mrs|ms|prof|st|vs|etc|no|fig|e\.g|i\.e|approx|inc|ltd|co)\.\s*$/iu;

/** People forget capitals; the Unicode rules then see one sentence where there are two. */
const LOWER_CASE_START = /(?<=[\p{L}\p{N}]{2}[.!?])\s+(?=\p{Ll})/u;

export interface Word {
  readonly text: string;
  /** Lower case, as it is compared. */
  readonly key: string;
  readonly stop: boolean;
}

/** Non-empty sentences in reading order. Headings and list items are sentences of their own; list marks are dropped. */
export function sentencesOf(text: string): string[] {
  return text.split(/\n+/u).flatMap((line) => {
    const bare = line.replace(/^\s*(?:#{1,6}\s+|[-*•]\s+|\d+[.)]\s+)/u, '').trim();
    if (bare === '') return [];
    return languageOf(bare) === 'th' ? thaiSentences(bare) : sentencesInLine(bare);
  });
}

/** Where the Unicode rules may end a sentence; a line without any is one, and needs no segmenter. */
const MAY_END = /[\p{Sentence_Terminal}\u2024\uFE52\uFF0E\r\u0085\u2028\u2029]/u;

/** Sentences by the Unicode rules, kept whole over common abbreviations. */
export function sentencesInLine(line: string): string[] {
  if (!MAY_END.test(line)) return [line.trim()].filter((sentence) => sentence !== '');
  const sentences: string[] = [];
  let open: string[] = [];
  for (const { segment } of sentenceSegmenter.segment(line)) {
    for (const part of segment.split(LOWER_CASE_START)) {
      open.push(open.length === 0 || /\s/u.test(open.at(-1)?.at(-1) ?? ' ') ? part : ` ${part}`);
      if (ABBREVIATION.test(part)) continue;
      sentences.push(open.join('').trim());
      open = [];
    }
  }
  sentences.push(open.join('').trim());
  return sentences.filter((sentence) => sentence !== '');
}

/** A clause does not end before a figure, a conjunction or a repetition mark, nor after a figure that wants its unit. */
const THAI_GOES_ON = /^(?:[\p{N}ๆ]|ถึง|และ|หรือ|แต่|ที่|ซึ่ง|โดย|เพื่อ|เพราะ)/u;

function thaiSentences(line: string): string[] {
  const sentences: string[] = [];
  let clauses: string[] = [];
  let length = 0;
  for (const clause of line.split(/\s+/u)) {
    const last = clauses.at(-1) ?? '';
    const goesOn = length < THAI_SENTENCE_CHARACTERS_MIN || THAI_GOES_ON.test(clause) || /^\p{N}$/u.test(lastCharacter(last));
    if (!goesOn || /^[.!?]$/u.test(last.at(-1) ?? '')) {
      sentences.push(clauses.join(' '));
      [clauses, length] = [[], 0];
    }
    length += clause.length + (clauses.length === 0 ? 0 : 1);
    clauses.push(clause);
  }
  const open = clauses.join(' ');
  const last = sentences.at(-1);
  if (last !== undefined && open.length < THAI_SENTENCE_CHARACTERS_MIN / 2) sentences[sentences.length - 1] = `${last} ${open}`;
  else if (open !== '') sentences.push(open);
  return sentences;
}

/** The last code point, whole. */
function lastCharacter(text: string): string {
  return Array.from(text.slice(-2)).at(-1) ?? '';
}

/** Every word-like segment, in any script (dictionary-based where words are not spaced). */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const { segment, isWordLike } of wordSegmenter.segment(text)) {
    if (isWordLike !== true) continue;
    const key = segment.toLocaleLowerCase('en').replace(/['’]s$/u, '');
    words.push({ text: segment, key, stop: isStopWord(key) || codePoints(key) < 2 });
  }
  return words;
}

/** The words that carry matter. */
export function contentKeys(text: string): string[] {
  return wordsOf(text)
    .filter((word) => !word.stop)
    .map((word) => stem(word.key));
}

/** Folds English plurals and -ing/-ed forms together, so that `roasts`, `roasted` and `roasting` count as one. Other scripts pass. */
export function stem(key: string): string {
  if (!/^[a-z]{5,}$/u.test(key)) return key;
  return key.replace(/(?:ies)$/u, 'y').replace(/(?:ing|ed|es|s)$/u, '');
}

/** Upper-cases the first letter where the script has cases. */
export function capitalise(text: string): string {
  const [first = ''] = text;
  return first.toLocaleUpperCase('en') + text.slice(first.length);
}

/** Cuts at a word's or sentence's end, adding an ellipsis when something was left out; counts UTF-16 units, as platforms bill at most. */
export function fit(text: string, characters_max: number): string {
  if (text.length <= characters_max) return text;
  let cut = '';
  for (const { segment } of wordSegmenter.segment(text)) {
    if (cut.length + segment.length > characters_max - 1) break;
    cut += segment;
  }
  return `${cut.trimEnd()}…`;
}
