import type { Language } from './language.ts';
import type { Platform, Tone } from './platforms.ts';
import { bestSentences, keyPhrases } from './rank.ts';
import type { OfflineRequest } from './request.ts';
import { capitalise, fit, sentencesOf } from './text.ts';

interface Voice {
  readonly opening: string;
  readonly closing: string;
  readonly emoji: string;
}

/** What a tone adds around the caller's own sentences. Neutral scripts get no words put in their mouth. */
const VOICES: Readonly<Record<Tone, Readonly<Record<'en' | 'th', Voice>>>> = {
  professional: {
    en: { opening: '', closing: 'Get in touch to learn more.', emoji: '' },
    th: { opening: '', closing: 'ติดต่อเราเพื่อสอบถามข้อมูลเพิ่มเติม', emoji: '' },
  },
  friendly: {
    en: { opening: 'Hello, friends!', closing: 'Tell us what you think in the comments.', emoji: '😊' },
    th: { opening: 'สวัสดีทุกคน', closing: 'คิดเห็นอย่างไร บอกเราได้ในคอมเมนต์', emoji: '😊' },
  },
  playful: {
    en: { opening: 'Guess what?', closing: 'Tag someone who needs to see this.', emoji: '🎉' },
    th: { opening: 'รู้หรือเปล่า', closing: 'แท็กเพื่อนที่ต้องเห็นโพสต์นี้', emoji: '🎉' },
  },
  bold: {
    en: { opening: 'Listen up.', closing: 'Don’t wait: act today.', emoji: '🔥' },
    th: { opening: 'ห้ามพลาด', closing: 'อย่ารอช้า เริ่มวันนี้', emoji: '🔥' },
  },
  calm: {
    en: { opening: '', closing: 'Take your time, and come by when it suits you.', emoji: '✨' },
    th: { opening: '', closing: 'ค่อย ๆ เลือก แล้วแวะมาเมื่อพร้อม', emoji: '✨' },
  },
};

/** Pairs of (spoken, written): a casual tone reads right to left, a formal one left to right. */
const CONTRACTIONS: readonly (readonly [string, string])[] = [
  ["don't", 'do not'],
  ["doesn't", 'does not'],
  ["can't", 'cannot'],
  ["won't", 'will not'],
  ["isn't", 'is not'],
  ["aren't", 'are not'],
  ["it's", 'it is'],
  ["we're", 'we are'],
  ["you're", 'you are'],
  ["we've", 'we have'],
  ["you'll", 'you will'],
  ["we'll", 'we will'],
];

const FORMAL_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:hey|hi) (?:guys|everyone|all)\b[,!]*\s*/giu, ''],
  [/\bgonna\b/giu, 'going to'],
  [/\bwanna\b/giu, 'want to'],
  [/\bgotta\b/giu, 'have to'],
  [/\bawesome\b/giu, 'excellent'],
  [/\bsuper\b/giu, 'very'],
  [/\bkids\b/giu, 'children'],
  [/\ba lot of\b/giu, 'many'],
  [/\p{Extended_Pictographic}\uFE0F?\s?/gu, ''],
];

/**
 * The caller's own sentences, in a tone and fitted to a platform: the best ones kept, contractions and slang changed by table,
 * an opening and a closing line of the tone, hashtags from the key phrases. Never longer than the platform allows.
 */
export function rewrite(request: OfflineRequest): string {
  const tone = request.tone ?? (request.platform?.emoji === true ? 'friendly' : 'professional');
  const kept = keptSentences(request);
  const sentences = kept.map((sentence) => inTone(sentence, tone, request.language));
  return assemble(sentences, request, tone);
}

function keptSentences(request: OfflineRequest): string[] {
  const limit = request.count ?? request.platform?.sentences_max;
  const all = sentencesOf(request.material);
  return limit === undefined || all.length <= limit ? all : bestSentences(request.material, limit);
}

function inTone(sentence: string, tone: Tone, language: Language): string {
  let text = sentence.replace(/\s+/gu, ' ').trim();
  if (language !== 'en') return tone === 'professional' ? text.replace(/!+/gu, '') : text;
  if (tone === 'professional' || tone === 'calm') {
    text = text.replace(/!+/gu, '.').replaceAll('’', "'");
    for (const [spoken, written] of CONTRACTIONS) text = replaceWords(text, spoken, written);
    for (const [pattern, formal] of FORMAL_WORDS) text = text.replace(pattern, formal);
  } else {
    for (const [spoken, written] of CONTRACTIONS) text = replaceWords(text, written, spoken);
    if (tone === 'bold') text = text.replace(/\.$/u, '!');
  }
  return capitalise(text.trim());
}

function replaceWords(text: string, from: string, to: string): string {
  return text.replace(new RegExp(`\\b${from}\\b`, 'giu'), (found) => (/^\p{Lu}/u.test(found) ? capitalise(to) : to));
}

function assemble(sentences: readonly string[], request: OfflineRequest, tone: Tone): string {
  const { platform, language } = request;
  const voice = language === 'other' ? null : VOICES[tone][language];
  const hashtags = platform === null ? '' : hashtagsOf(request.material, platform.hashtags_max);
  const limit = platform?.characters_max ?? Number.POSITIVE_INFINITY;
  const emoji = platform?.emoji === true && voice !== null && voice.emoji !== '' ? ` ${voice.emoji}` : '';
  const parts = [voice?.opening ?? '', ...sentences].filter((part) => part !== '');
  const closing = platform === null ? '' : (voice?.closing ?? '');
  const gap = platform === null || platform.id === 'x' ? ' ' : '\n\n';
  const tail = [closing + (closing === '' ? '' : emoji), hashtags].filter((part) => part !== '');
  for (const ending of [tail, tail.slice(-1), []]) {
    const room = limit - ending.reduce((sum, part) => sum + part.length + gap.length, 0);
    const body = join(parts, platform);
    if (body.length <= room || ending.length === 0) return [fit(body, room), ...ending].join(gap);
  }
  return '';
}

function join(sentences: readonly string[], platform: Platform | null): string {
  return sentences.join(platform?.id === 'linkedin' || platform?.id === 'instagram' ? '\n\n' : ' ');
}

/** `Cold brew` → `#ColdBrew`; marks of the script stay, everything that breaks a hashtag goes. */
function hashtagsOf(text: string, count: number): string {
  return keyPhrases(text, count)
    .map((phrase) => phrase.split(/\s+/u).map(capitalise).join(''))
    .map((phrase) => phrase.replace(/[^\p{L}\p{M}\p{N}_]/gu, ''))
    .filter((phrase) => phrase.length > 1 && phrase.length <= 40)
    .map((phrase) => `#${phrase}`)
    .join(' ');
}
