import type { OfflineRequest } from './request.ts';
import { capitalise, sentencesInLine, wordsOf } from './text.ts';

const WORDS_PER_SENTENCE_MAX = 26;

/** Wordy phrases and what says the same. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/\bin order to\b/giu, 'to'],
  [/\bdue to the fact that\b/giu, 'because'],
  [/\bat this point in time\b/giu, 'now'],
  [/\bin the event that\b/giu, 'if'],
  [/\ba large number of\b/giu, 'many'],
  [/\bthe majority of\b/giu, 'most'],
  [/\bhas the ability to\b/giu, 'can'],
  [/\bprior to\b/giu, 'before'],
  [/\butili[sz]e(s|d)?\b/giu, 'use$1'],
  [/\bleverage(s|d)?\b/giu, 'use$1'],
  [/\b(?:very|really|actually|basically|literally|quite|simply)\s+/giu, ''],
];

/**
 * Edits by rule, paragraph by paragraph: spaces and doubled words removed, wordy phrases made plain, sentences that are too long
 * split at their joints, capitals and end marks put right, repeated sentences dropped. Headings and lists stay.
 */
export function refine(request: OfflineRequest): string {
  const seen = new Set<string>();
  return request.material
    .split('\n')
    .map((line) => refineLine(line, request.language === 'en', seen))
    .join('\n')
    .replace(/\n{3,}/gu, '\n\n')
    .trim();
}

function refineLine(line: string, english: boolean, seen: Set<string>): string {
  const [, mark = '', body = ''] = /^(\s*(?:#{1,6}\s+|[-*•]\s+|\d+[.)]\s+)?)(.*)$/su.exec(line) ?? [];
  let text = body
    .replace(/\s+/gu, ' ')
    .replace(/\s+([,.;:!?])/gu, '$1')
    .replace(/([!?])\1+/gu, '$1')
    .trim();
  if (text === '') return '';
  text = text.replace(/(?<!\p{L})(\p{L}{2,})\s+\1(?!\p{L})/giu, '$1');
  if (english) for (const [pattern, plain] of PLAIN) text = text.replace(pattern, plain);
  const heading = mark.trim().startsWith('#');
  const sentences = heading ? [text] : sentencesInLine(text).flatMap((sentence) => (english ? shorten(sentence) : [sentence]));
  const kept = sentences.filter((sentence) => {
    const key = sentence.toLocaleLowerCase('en');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  if (kept.length === 0) return '';
  return mark + kept.map((sentence) => (english && !heading ? ended(capitalise(sentence), mark !== '') : sentence)).join(' ');
}

/** Splits at a semicolon, or at ", and|but|so|which" near the middle. */
function shorten(sentence: string): string[] {
  if (wordsOf(sentence).length <= WORDS_PER_SENTENCE_MAX) return [sentence];
  const joints = [...sentence.matchAll(/;\s+|,\s+(?=(?:and|but|so)\s)/giu)];
  const middle = sentence.length / 2;
  const joint = joints.toSorted((a, b) => Math.abs(a.index - middle) - Math.abs(b.index - middle))[0];
  if (!joint) return [sentence];
  const head = ended(sentence.slice(0, joint.index), false);
  const tail = capitalise(sentence.slice(joint.index + joint[0].length).replace(/^and\s+/iu, ''));
  return [head, tail];
}

function ended(sentence: string, listItem: boolean): string {
  if (listItem || /[.!?…:"”)\]]$/u.test(sentence)) return sentence;
  return `${sentence}.`;
}
