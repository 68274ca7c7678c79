import { keyPhrases, termFrequencies } from './rank.ts';
import type { OfflineRequest } from './request.ts';
import { contentKeys, sentencesOf, stem, wordsOf } from './text.ts';

type CriterionName = 'content_quality' | 'seo' | 'relevance' | 'tone' | 'structure' | 'originality' | 'completeness';

interface Criterion {
  readonly name: CriterionName;
  /** 0 to 100. */
  readonly score: number;
  /** What was measured, with the figures, so that the score can be checked by hand. */
  readonly reason: string;
}

export interface Assessment {
  readonly method: 'rules';
  readonly score: number;
  readonly criteria: readonly Criterion[];
}

interface Measures {
  readonly words: number;
  readonly sentences: readonly string[];
  readonly words_per_sentence: number;
  readonly headings: number;
  readonly paragraphs: number;
  readonly lists: number;
  readonly figures: number;
  readonly distinct_ratio: number;
  readonly keywords: readonly string[];
}

/** Seven criteria, each computed from the text by a stated rule. It measures form; whether a claim is true it cannot tell. */
export function assessment(request: OfflineRequest): Assessment {
  const measures = measure(request);
  const criteria = [
    quality(measures),
    seo(measures, request.material),
    relevance(measures, request),
    toneOf(measures, request.material),
    structure(measures),
    originality(measures, request.material),
    completeness(measures),
  ];
  const score = Math.round(criteria.reduce((sum, one) => sum + one.score, 0) / criteria.length);
  return { method: 'rules', score, criteria };
}

/** The assessment as readable lines. */
export function assess(request: OfflineRequest): string {
  const result = assessment(request);
  const lines = result.criteria.map((one) => `- ${one.name.replaceAll('_', ' ')}: ${one.score}/100 (${one.reason})`);
  return [`Overall: ${result.score}/100, computed by rules from the text’s form; facts were not checked.`, ...lines].join('\n');
}

function measure(request: OfflineRequest): Measures {
  const text = request.material;
  const sentences = sentencesOf(text);
  const words = wordsOf(text);
  const content = contentKeys(text);
  return {
    words: words.length,
    sentences,
    words_per_sentence: words.length / Math.max(sentences.length, 1),
    headings: text.match(/^#{1,6}\s+\S/gmu)?.length ?? 0,
    paragraphs: text.split(/\n\s*\n/u).filter((part) => part.trim() !== '').length,
    lists: text.match(/^[^\S\n\r\u2028\u2029]*(?:[-*•]|\d+[.)])\s+\S/gmu)?.length ?? 0,
    figures: text.match(/\p{N}+/gu)?.length ?? 0,
    distinct_ratio: new Set(content).size / Math.max(content.length, 1),
    keywords: request.keywords.length > 0 ? request.keywords : keyPhrases(text, 3),
  };
}

/** Full marks between 8 and 22 words a sentence, the range plain-language guides ask for. */
function quality(m: Measures): Criterion {
  const readable = closeness(m.words_per_sentence, 8, 22);
  const evidence = Math.min(m.figures / Math.max(m.sentences.length * 0.2, 1), 1);
  return criterion(
    'content_quality',
    0.7 * readable + 0.3 * evidence,
    `${m.words_per_sentence.toFixed(1)} words a sentence, ${m.figures} figures`,
  );
}

function seo(m: Measures, text: string): Criterion {
  const [keyword = ''] = m.keywords;
  const folded = text.toLocaleLowerCase('en');
  const uses = keyword === '' ? 0 : folded.split(keyword.toLocaleLowerCase('en')).length - 1;
  const density = (uses * Math.max(wordsOf(keyword).length, 1)) / Math.max(m.words, 1);
  const early = keyword !== '' && folded.slice(0, 300).includes(keyword.toLocaleLowerCase('en'));
  const score =
    0.4 * closeness(density * 100, 0.5, 3) +
    0.2 * Number(early) +
    0.2 * Math.min(m.headings / 2, 1) +
    0.2 * Math.min(m.words / 300, 1);
  return criterion(
    'seo',
    score,
    `“${keyword}” used ${uses} times (${(density * 100).toFixed(1)} % of words), ${m.headings} headings`,
  );
}

/** Against the named keywords, else against the instruction, else against the text's own opening. */
function relevance(m: Measures, request: OfflineRequest): Criterion {
  const asked = [...request.keywords, request.instruction].join(' ');
  const wanted = new Set(contentKeys(asked.trim() === '' ? (m.sentences[0] ?? '') : asked));
  const rest = asked.trim() === '' ? m.sentences.slice(1).join(' ') : request.material;
  const found = new Set(contentKeys(rest).map(stem));
  const covered = [...wanted].filter((key) => found.has(stem(key))).length;
  return criterion(
    'relevance',
    wanted.size === 0 ? 0.5 : covered / wanted.size,
    `${covered} of ${wanted.size} asked-for words occur`,
  );
}

function toneOf(m: Measures, text: string): Criterion {
  const shouts = (text.match(/!/gu)?.length ?? 0) + (text.match(/\b\p{Lu}{4,}\b/gu)?.length ?? 0);
  const fillers = text.match(/\b(?:very|really|actually|basically|literally|obviously|just|quite)\b/giu)?.length ?? 0;
  const each = (shouts + fillers) / Math.max(m.sentences.length, 1);
  return criterion('tone', 1 - Math.min(each, 1), `${shouts} exclamations or capitals, ${fillers} filler words`);
}

function structure(m: Measures): Criterion {
  const wanted = Math.max(1, Math.round(m.words / 150));
  const score =
    0.5 * Math.min(m.headings / wanted, 1) + 0.3 * Math.min(m.paragraphs / (wanted + 1), 1) + 0.2 * Math.min(m.lists / 3, 1);
  return criterion(
    'structure',
    score,
    `${m.headings} headings, ${m.paragraphs} paragraphs, ${m.lists} list items for ${m.words} words`,
  );
}

/** Repetition within the text; what others wrote is not known here. */
function originality(m: Measures, text: string): Criterion {
  const repeated = m.sentences.length - new Set(m.sentences.map((sentence) => sentence.toLocaleLowerCase('en'))).size;
  const top =
    termFrequencies(text)
      .values()
      .reduce((most, one) => Math.max(most, one), 0) / Math.max(m.words, 1);
  const score =
    Math.min(m.distinct_ratio / 0.6, 1) * (1 - repeated / Math.max(m.sentences.length, 1)) * (1 - Math.max(0, top - 0.08));
  return criterion(
    'originality',
    score,
    `${Math.round(m.distinct_ratio * 100)} % distinct words, ${repeated} repeated sentences`,
  );
}

function completeness(m: Measures): Criterion {
  const gaps = m.sentences.filter((sentence) => /\[[^[\]]+\]|\bTBD\b|lorem ipsum|…$/iu.test(sentence)).length;
  const score = (0.7 * Math.min(m.words / 400, 1) + 0.3 * Math.min(m.paragraphs / 4, 1)) * (1 - Math.min(gaps / 4, 1));
  return criterion('completeness', score, `${m.words} words in ${m.paragraphs} paragraphs, ${gaps} open places`);
}

function criterion(name: CriterionName, ratio: number, reason: string): Criterion {
  return { name, score: Math.round(100 * Math.min(Math.max(ratio, 0), 1)), reason };
}

/** 1 inside the range, falling linearly to 0 at twice the distance of its width. */
function closeness(value: number, low: number, high: number): number {
  if (value >= low && value <= high) return 1;
  const distance = value < low ? low - value : value - high;
  return Math.max(0, 1 - distance / (high - low));
}
