import { bestSentences } from './rank.ts';
import type { OfflineRequest } from './request.ts';
import { sentencesOf } from './text.ts';

const SHARE = 0.3;
const SENTENCES_MAX = 7;

/** Extracts the sentences that say most, in reading order and word for word: a third of them, at most seven, unless told. */
export function summarise(request: OfflineRequest): string {
  const available = sentencesOf(request.material).length;
  const wanted = request.count ?? Math.min(Math.max(1, Math.ceil(available * SHARE)), SENTENCES_MAX);
  const sentences = bestSentences(request.material, wanted);
  const bullets = /bullet|point|ข้อ/iu.test(request.instruction);
  return bullets ? sentences.map((sentence) => `- ${sentence}`).join('\n') : sentences.join(' ');
}
