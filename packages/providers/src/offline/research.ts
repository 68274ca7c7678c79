import { keyPhrases } from './rank.ts';
import type { OfflineRequest } from './request.ts';
import { capitalise, sentencesOf } from './text.ts';

const KEYWORDS_MAX = 8;
const FACTS_MAX = 8;
const NAMES_MAX = 8;
const QUESTIONS_MAX = 5;

export interface Findings {
  readonly keywords: readonly string[];
  /** Sentences that carry a figure or a date, word for word. */
  readonly facts: readonly string[];
  readonly names: readonly string[];
  /** What the text raises and does not settle. */
  readonly questions: readonly string[];
}

const LABELS = {
  en: {
    keywords: 'Keywords',
    facts: 'Facts in the text',
    names: 'Names',
    questions: 'Questions still open',
    none: 'none found',
    note: 'From the given text only; nothing was looked up.',
  },
  th: {
    keywords: 'คำสำคัญ',
    facts: 'ข้อเท็จจริงในข้อความ',
    names: 'ชื่อ',
    questions: 'คำถามที่ยังเปิดอยู่',
    none: 'ไม่พบ',
    note: 'จากข้อความที่ให้มาเท่านั้น ไม่ได้ค้นจากที่อื่น',
  },
} as const;

/** Extracts what is there and asks for what is not. */
export function findings(request: OfflineRequest): Findings {
  const sentences = sentencesOf(request.material);
  const keywords = keyPhrases(request.material, KEYWORDS_MAX);
  const facts = sentences.filter((sentence) => /\p{N}/u.test(sentence)).slice(0, FACTS_MAX);
  const asked = sentences.filter((sentence) => /[??]\s*$/u.test(sentence));
  const unsupported = keywords.filter(
    (keyword) => !facts.some((fact) => fact.toLocaleLowerCase('en').includes(keyword.toLocaleLowerCase('en'))),
  );
  const question =
    request.language === 'th'
      ? (keyword: string) => `มีตัวเลขหรือแหล่งอ้างอิงเกี่ยวกับ “${keyword}” หรือไม่`
      : (keyword: string) => `Which figures or sources support “${keyword}”?`;
  return {
    keywords,
    facts,
    names: namesOf(sentences),
    questions: [...asked, ...unsupported.map(question)].slice(0, QUESTIONS_MAX),
  };
}

/** The findings as Markdown. */
export function research(request: OfflineRequest): string {
  const found = findings(request);
  const labels = LABELS[request.language === 'th' ? 'th' : 'en'];
  const part = (title: string, items: readonly string[]): string =>
    [`## ${title}`, ...(items.length > 0 ? items.map((item) => `- ${item}`) : [`- ${labels.none}`])].join('\n');
  return [
    part(labels.keywords, found.keywords.map(capitalise)),
    part(labels.facts, found.facts),
    part(labels.names, found.names),
    part(labels.questions, found.questions),
    labels.note,
  ].join('\n\n');
}

/** Capitalised words inside sentences; the first word of a sentence is capitalised anyway and does not count alone. */
function namesOf(sentences: readonly string[]): string[] {
  const names = new Set<string>();
  for (const sentence of sentences) {
    for (const match of sentence.matchAll(
      /(?<=[\p{L}\p{N},;:)”"]\s)\p{Lu}[\p{L}\p{M}\p{N}’'-]+(?:\s\p{Lu}[\p{L}\p{M}\p{N}’'-]+)*/gu,
    )) {
      names.add(match[0]);
      if (names.size >= NAMES_MAX) return [...names];
    }
  }
  return [...names];
}
