import { keyPhrases } from './rank.ts';
import type { OfflineRequest } from './request.ts';
import { capitalise, contentKeys, fit, sentencesOf, stem } from './text.ts';

interface Section {
  readonly heading: string;
  /** The caller's sentences that belong here, word for word, in reading order; empty when only a topic was given. */
  readonly sentences: readonly string[];
}

export interface Structure {
  readonly title: string;
  readonly lead: readonly string[];
  readonly sections: readonly Section[];
}

const SECTIONS_DEFAULT = 4;
const TITLE_CHARACTERS_MAX = 70;

/**
 * Sorts the material under its own key phrases: each sentence goes to the phrase it shares most words with, the rest to the
 * lead. A bare topic gives the questions any reader of it has.
 */
export function structureOf(request: OfflineRequest): Structure {
  const count = request.count ?? SECTIONS_DEFAULT;
  if (request.topic) return topicStructure(request, count);
  const [lead = '', ...sentences] = sentencesOf(request.material);
  const phrases = keyPhrases(request.material, count);
  const sections = phrases.map((phrase) => ({
    heading: capitalise(phrase),
    keys: new Set(contentKeys(phrase)),
    sentences: [] as string[],
  }));
  const loose: string[] = [];
  for (const sentence of sentences) {
    const keys = contentKeys(sentence).map(stem);
    const overlap = sections.map((section) => keys.filter((key) => section.keys.has(key)).length / section.keys.size);
    const best = overlap.indexOf(Math.max(...overlap, 0));
    const home = (overlap[best] ?? 0) > 0 ? sections[best]?.sentences : loose;
    (home ?? loose).push(sentence);
  }
  const filled = sections.filter((section) => section.sentences.length > 0);
  return {
    title: capitalise(fit(titleOf(request, phrases, lead), TITLE_CHARACTERS_MAX)),
    lead: [lead, ...loose],
    sections: filled.length > 0 ? filled : sections,
  };
}

function titleOf(request: OfflineRequest, phrases: readonly string[], lead: string): string {
  const heading = /^#\s+(.+)$/mu.exec(request.material)?.[1];
  if (heading !== undefined) return heading;
  const [first, second] = phrases;
  if (first === undefined) return lead;
  return second === undefined ? first : `${first}: ${second}`;
}

/** What a reader wants to know of anything. The answers are the author's; nothing is invented here. */
const QUESTIONS = {
  en: [
    'What is {topic}?',
    'Why does {topic} matter?',
    'How does {topic} work in practice?',
    'What does {topic} cost, and what does it bring?',
    'Which mistakes are common with {topic}?',
    'How do I get started with {topic}?',
  ],
  th: [
    '{topic} คืออะไร',
    'ทำไม {topic} จึงสำคัญ',
    '{topic} ใช้งานจริงอย่างไร',
    '{topic} มีค่าใช้จ่ายและประโยชน์อย่างไร',
    'ข้อผิดพลาดที่พบบ่อยเกี่ยวกับ {topic}',
    'เริ่มต้นกับ {topic} อย่างไร',
  ],
  other: ['{topic}: ?', '{topic}: 1', '{topic}: 2', '{topic}: 3', '{topic}: 4', '{topic}: 5'],
} as const;

function topicStructure(request: OfflineRequest, count: number): Structure {
  const topic = fit(request.material, TITLE_CHARACTERS_MAX);
  return {
    title: capitalise(topic),
    lead: [],
    sections: QUESTIONS[request.language].slice(0, count).map((question) => ({
      heading: capitalise(question.replace('{topic}', topic)),
      sentences: [],
    })),
  };
}
