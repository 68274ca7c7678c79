import { keyPhrases } from './rank.ts';
import type { OfflineRequest } from './request.ts';
import { rewrite } from './rewrite.ts';
import { structureOf } from './sections.ts';

const WORDING = {
  en: {
    lead: (phrases: string) => `This article looks at ${phrases}.`,
    about: (topic: string) => `This is a first draft about ${topic}. The marked places want facts that only you have.`,
    gap: '[Answer here in two or three sentences, with an example or a figure of your own.]',
    end: 'In short',
    closing: (phrases: string) => `What to remember: ${phrases}.`,
    and: ' and ',
  },
  th: {
    lead: (phrases: string) => `บทความนี้กล่าวถึง ${phrases}`,
    about: (topic: string) => `นี่คือร่างแรกเกี่ยวกับ ${topic} ส่วนที่ทำเครื่องหมายไว้ต้องการข้อมูลจากคุณ`,
    gap: '[เขียนคำตอบสองถึงสามประโยค พร้อมตัวอย่างหรือตัวเลขของคุณ]',
    end: 'สรุป',
    closing: (phrases: string) => `สิ่งที่ควรจำ: ${phrases}`,
    and: ' และ ',
  },
  other: {
    lead: (phrases: string) => phrases,
    about: (topic: string) => topic,
    gap: '[…]',
    end: '—',
    closing: (phrases: string) => phrases,
    and: ', ',
  },
} as const;

/**
 * An article in Markdown (or, for a social platform, a post) from the caller's own sentences under headings from its key
 * phrases. Where only a topic was given it leaves marked gaps: facts are never made up.
 */
export function draft(request: OfflineRequest): string {
  if (request.platform !== null && request.platform.id !== 'blog' && request.platform.id !== 'email') return post(request);
  const words = WORDING[request.language];
  const structure = structureOf(request);
  const phrases = request.topic ? [] : keyPhrases(request.material, 3);
  const named = list(phrases, words.and);
  const opening = request.topic ? words.about(request.material) : phrases.length > 0 ? words.lead(named) : '';
  const parts = [`# ${structure.title}`, [opening, ...structure.lead].filter((part) => part !== '').join(' ')];
  for (const section of structure.sections) {
    parts.push(`## ${section.heading}`, section.sentences.length > 0 ? section.sentences.join(' ') : words.gap);
  }
  if (phrases.length > 0) parts.push(`## ${words.end}`, words.closing(named));
  return parts.join('\n\n');
}

function post(request: OfflineRequest): string {
  if (!request.topic) return rewrite(request);
  const words = WORDING[request.language];
  return (
    rewrite({ ...request, material: request.material, count: null }) + (request.language === 'other' ? '' : `\n\n${words.gap}`)
  );
}

function list(phrases: readonly string[], and: string): string {
  if (phrases.length < 2) return phrases.join('');
  return `${phrases.slice(0, -1).join(', ')}${and}${phrases.at(-1)}`;
}
