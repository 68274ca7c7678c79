import type { OfflineRequest } from './request.ts';
import { structureOf } from './sections.ts';
import { fit } from './text.ts';

const POINT_CHARACTERS_MAX = 120;
const POINTS_MAX = 4;

const TO_FILL = {
  en: ['your answer in one sentence', 'an example or a figure from your own experience'],
  th: ['คำตอบของคุณในหนึ่งประโยค', 'ตัวอย่างหรือตัวเลขจากประสบการณ์ของคุณ'],
  other: ['…'],
} as const;

/** Headings from the key phrases, points from the caller's own sentences; for a bare topic, questions to answer. */
export function outline(request: OfflineRequest): string {
  const structure = structureOf(request);
  const lines = [`# ${structure.title}`];
  for (const sentence of structure.lead.slice(0, POINTS_MAX)) lines.push(`- ${fit(sentence, POINT_CHARACTERS_MAX)}`);
  for (const [place, section] of structure.sections.entries()) {
    lines.push('', `## ${place + 1}. ${section.heading}`);
    const points = section.sentences.slice(0, POINTS_MAX);
    for (const point of points) lines.push(`- ${fit(point, POINT_CHARACTERS_MAX)}`);
    if (points.length === 0) for (const hint of TO_FILL[request.language]) lines.push(`- [${hint}]`);
  }
  return lines.join('\n');
}
