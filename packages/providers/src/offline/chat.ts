import type { OfflineRequest } from './request.ts';
import { bestSentences } from './rank.ts';
import { contentKeys, sentencesOf } from './text.ts';

const QUOTES_MAX = 3;

const WORDING = {
  en: {
    who: 'I am Purser’s offline provider: rules and templates, no model. I work only on the text you give me. Ask me to summarise, rewrite for a platform and tone, outline, draft, assess, research or refine a text, or send a text and then a question about it.',
    found: 'From what you gave me:',
    missing: 'The text you gave me does not say. It is mainly about this:',
  },
  th: {
    who: 'นี่คือผู้ให้บริการออฟไลน์ของ Purser ทำงานด้วยกฎและแม่แบบ ไม่ใช่โมเดล AI และใช้เฉพาะข้อความที่คุณให้มา สั่งให้สรุป เขียนใหม่ตามแพลตฟอร์มและโทน วางโครงร่าง ร่าง ประเมิน ค้นคว้า หรือปรับปรุงข้อความได้ หรือส่งข้อความแล้วถามคำถามเกี่ยวกับข้อความนั้น',
    found: 'จากข้อความที่คุณให้มา:',
    missing: 'ข้อความที่คุณให้มาไม่ได้บอกไว้ เนื้อหาหลักคือ:',
  },
} as const;

/** Answers a question with the sentences of the conversation that speak to it; says what it is when there is nothing to quote. */
export function chat(request: OfflineRequest): string {
  const words = WORDING[request.language === 'th' ? 'th' : 'en'];
  const { question, source } = questionAndSource(request);
  if (source === '') return words.who;
  if (question === '') return [words.found, ...bestSentences(source, QUOTES_MAX)].join('\n');
  const quotes = sentencesFor(question, source);
  return quotes.length === 0 ? [words.missing, ...bestSentences(source, 1)].join('\n') : [words.found, ...quotes].join('\n');
}

/** The sentences that share the question's words, rare words counting most (inverse document frequency), in reading order. */
function sentencesFor(question: string, source: string): string[] {
  const wanted = new Set(contentKeys(question));
  const candidates = sentencesOf(source).map((text, index) => ({
    text,
    index,
    shared: new Set(contentKeys(text)).intersection(wanted),
  }));
  const spread = new Map<string, number>();
  for (const { shared } of candidates) for (const key of shared) spread.set(key, (spread.get(key) ?? 0) + 1);
  const scored = candidates
    .map(({ text, index, shared }) => ({
      text,
      index,
      score: [...shared].reduce((sum, key) => sum + 1 / (spread.get(key) ?? 1), 0),
    }))
    .toSorted((a, b) => b.score - a.score || a.index - b.index);
  const best = scored[0]?.score ?? 0;
  return scored
    .filter(({ score }) => score > 0 && score * 2 >= best)
    .slice(0, QUOTES_MAX)
    .toSorted((a, b) => a.index - b.index)
    .map(({ text }) => text);
}

/** The question is the last message's last sentence that asks; all else that was said is what it can be answered from. */
function questionAndSource(request: OfflineRequest): { question: string; source: string } {
  const sentences = sentencesOf(request.material);
  const asked = sentences.findLastIndex((sentence) => isQuestion(sentence));
  if (asked === -1) {
    const enough = sentences.length > 1 || request.earlier !== '';
    return sentences.length > 1
      ? { question: '', source: request.material }
      : { question: enough ? request.material : '', source: request.earlier };
  }
  const rest = sentences.filter((_, index) => index !== asked).join('\n');
  return { question: sentences[asked] ?? '', source: [request.earlier, rest].filter((part) => part !== '').join('\n') };
}

function isQuestion(sentence: string): boolean {
  return (
    /[??]\s*$/u.test(sentence) ||
    /^(?:who|what|when|where|why|how|which|is|are|does|do|can|could|should)\b/iu.test(sentence) ||
    /(?:อะไร|ทำไม|อย่างไร|ยังไง|เมื่อไร|เมื่อไหร่|ที่ไหน|ใคร|เท่าไร|เท่าไหร่|ไหม|หรือไม่|กี่)/u.test(sentence)
  );
}
