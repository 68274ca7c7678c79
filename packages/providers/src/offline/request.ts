import { textOf } from '../chat/parts.ts';
import type { ProviderMessage } from '../provider.ts';
import { type Language, languageOf } from './language.ts';
import { platformIn, type Platform, type Tone, toneIn } from './platforms.ts';

export const OFFLINE_OPERATIONS = ['summarise', 'rewrite', 'outline', 'draft', 'assess', 'research', 'refine', 'chat'] as const;
type OfflineOperation = (typeof OFFLINE_OPERATIONS)[number];

/** What the caller wants, read by rules from the words they sent. */
export interface OfflineRequest {
  readonly operation: OfflineOperation;
  /** The part that says what to do; empty when the caller sent only material. */
  readonly instruction: string;
  /** The part to work on: a text, or a bare topic. */
  readonly material: string;
  /** True when the material is a few words to write about rather than a text to work on. */
  readonly topic: boolean;
  readonly language: Language;
  readonly platform: Platform | null;
  readonly tone: Tone | null;
  /** How many sentences, points or sections were asked for. */
  readonly count: number | null;
  readonly keywords: readonly string[];
  /** Everything said before the last user message, system words left out. */
  readonly earlier: string;
  /** Characters of the last message beyond what is read. */
  readonly characters_left_out: number;
}

/**
 * Of the last message, of what was said before it and of the system's words, each: beyond this the analysis would hold up other callers.
 * What is left out of the message is said in the answer.
 */
const READ_CHARACTERS_MAX = 20_000;
const INSTRUCTION_CHARACTERS_MAX = 240;
const TOPIC_CHARACTERS_MAX = 120;

/** First match wins, so the narrow verbs stand before the broad ones. */
const INTENTS: readonly (readonly [OfflineOperation, RegExp])[] = [
  ['summarise', /^(?:summari[sz]e|sum up|condense|shorten|tl;?dr|give (?:me )?a summary|สรุป|ย่อ)/iu],
  [
    'outline',
    /^(?:outline|(?:make|create|write|draft|give me|build|suggest|plan)\s+(?:an?|the)\s+[^.:\n]{0,30}outline|โครงร่าง|วางโครง|เขียนโครง)/iu,
  ],
  ['rewrite', /^(?:rewrite|rephrase|reword|paraphrase|adapt|turn (?:this|it|the)|convert|เขียนใหม่|เรียบเรียง|ปรับ(?!ปรุง))/iu],
  ['refine', /^(?:refine|improve|polish|edit|fix|proofread|clean up|tighten|ปรับปรุง|แก้ไข|ขัดเกลา)/iu],
  ['assess', /^(?:assess|evaluate|score|rate|review|critique|grade|ประเมิน|ให้คะแนน|ตรวจ)/iu],
  [
    'research',
    /^(?:research|extract|find (?:the )?(?:facts|keywords|questions)|list (?:the )?(?:facts|keywords)|ค้นคว้า|ดึงข้อมูล|หาข้อมูล)/iu,
  ],
  ['draft', /^(?:draft|write|compose|create|generate|prepare|เขียน|ร่าง|แต่ง|สร้าง)/iu],
];

const POLITE =
  /^(?:(?:please|kindly|could you|can you|would you|i want you to|i need you to|help me(?: to)?|ช่วย|กรุณา|โปรด|ขอ)\s*)+/iu;
/** What stands between a verb and its topic: "write [me a short blog post about] cold brew". */
const BEFORE_TOPIC =
  /^(?:(?:me|us|an?|the|some|new|short|long|brief|detailed|engaging|social|media|blog|article|post|posts|caption|text|story|copy|piece|essay|guide|e-?mail|newsletter|outline|draft|summary|for|about|on|of|regarding|facebook|instagram|linkedin|twitter|x|tiktok|threads|บทความ|โพสต์|ข้อความ|แคปชั่น|เกี่ยวกับ|เรื่อง|โครงร่าง|ให้|หน่อย)(?:\s+|(?<=[\u0E00-\u0E7F])))+/iu;

/** Reads the last user message as instruction and material. `operation` (the catalog's) wins over what the words say. */
export function readRequest(messages: readonly ProviderMessage[], operation: string | undefined): OfflineRequest {
  const last = messages.findLastIndex((message) => message.role === 'user');
  const sent = textOf(messages[last]?.content ?? '');
  const said = sent.slice(0, READ_CHARACTERS_MAX).trim();
  const system = messages
    .filter((message) => message.role === 'system')
    .map(({ content }) => textOf(content))
    .join('\n')
    .slice(0, READ_CHARACTERS_MAX);
  const earlier = messages
    .slice(0, Math.max(last, 0))
    .filter((message) => message.role !== 'system')
    .map(({ content }) => textOf(content))
    .join('\n\n')
    .slice(-READ_CHARACTERS_MAX);
  const { instruction, rest, intent } = splitInstruction(said);
  const named = OFFLINE_OPERATIONS.find((known) => known === operation);
  const chosen = named === undefined || named === 'chat' ? (intent ?? 'chat') : named;
  const style = [instruction === '' ? firstLine(said) : instruction, system].join('\n');
  return {
    operation: chosen,
    instruction,
    material: withoutStyleLines(rest),
    topic: rest.length <= TOPIC_CHARACTERS_MAX && !/[.!?]\s|\n/u.test(rest),
    language: languageOf(rest === '' ? said : rest),
    platform: platformIn(style),
    tone: toneIn(style),
    count: countIn(style),
    keywords: keywordsIn(`${said}\n${system}`),
    earlier,
    characters_left_out: Math.max(0, sent.length - READ_CHARACTERS_MAX),
  };
}

function splitInstruction(said: string): { instruction: string; rest: string; intent: OfflineOperation | null } {
  const intent = intentOf(said);
  if (!intent) return { instruction: '', rest: said, intent };
  const colon = /^([^\n:]{1,240}):\s*(\S[\s\S]*)$/u.exec(said);
  if (colon?.[1] !== undefined && colon[2] !== undefined) return { instruction: colon[1], rest: colon[2].trim(), intent };
  const [head = '', ...tail] = said.split(/\n\s*\n|\n/u);
  if (tail.length > 0 && head.length <= INSTRUCTION_CHARACTERS_MAX) {
    return { instruction: head, rest: said.slice(head.length).trim(), intent };
  }
  if (head.length > INSTRUCTION_CHARACTERS_MAX) return { instruction: '', rest: said, intent };
  return { instruction: said, rest: topicOf(said), intent };
}

function intentOf(said: string): OfflineOperation | null {
  const bare = said.replace(POLITE, '');
  return INTENTS.find(([, pattern]) => pattern.test(bare))?.[0] ?? null;
}

function topicOf(said: string): string {
  let rest = said.replace(POLITE, '');
  const pattern = INTENTS.find(([, candidate]) => candidate.test(rest))?.[1];
  if (pattern) rest = rest.replace(pattern, '').trim();
  const about = /(?:\babout|\bon|\bregarding|เกี่ยวกับ|เรื่อง)\s*(\S.*)$/isu.exec(rest);
  const topic = (about?.[1] ?? rest.replace(BEFORE_TOPIC, '')).trim();
  return topic
    .replace(/\s*(?:,|\bin)\s+(?:an?\s+)?[\w-]+\s+tone\b.*$/isu, '')
    .replace(/\s+for\s+(?:facebook|instagram|linkedin|twitter|x|tiktok|threads|a blog|my blog)\s*$/iu, '')
    .replace(/[.!?]+$/u, '');
}

/** Lines such as `Tone: friendly` steer the work and are no part of it. Only spaces of the line itself are passed over: a run of empty lines would be gone through again from each of them. */
const STYLE_LINE =
  /^[^\S\n\r\u2028\u2029]*(?:tone|platform|audience|keywords?|language|length|โทน|แพลตฟอร์ม|คีย์เวิร์ด)[^\S\n\r\u2028\u2029]*:.*$/gimu;

function withoutStyleLines(text: string): string {
  const bare = text.replace(STYLE_LINE, '').trim();
  return bare === '' ? text : bare;
}

function firstLine(text: string): string {
  return [text.split('\n', 1)[0]?.slice(0, INSTRUCTION_CHARACTERS_MAX) ?? '', ...(text.match(STYLE_LINE) ?? [])].join('\n');
}

const KEYWORD_CHARACTERS_MAX = 80;
const NUMBER_WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const COUNTED =
  /(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)\s*(?:short |key |main |bullet )*(?:sentences?|points?|bullets?|sections?|paragraphs?|ideas?|questions?|ประโยค|ข้อ|หัวข้อ)/iu;

function countIn(text: string): number | null {
  const given = COUNTED.exec(text)?.[1]?.toLowerCase();
  if (given === undefined) return null;
  const number = /^\d+$/u.test(given) ? Number(given) : NUMBER_WORDS.indexOf(given);
  return number > 0 ? Math.min(number, 20) : null;
}

function keywordsIn(text: string): string[] {
  const line = /^[^\S\n\r\u2028\u2029]*(?:target )?(?:keywords?|คีย์เวิร์ด)[^\S\n\r\u2028\u2029]*:\s*(.+)$/imu.exec(text)?.[1];
  if (line === undefined) return [];
  return line
    .split(/[,;]/u)
    .map((keyword) => keyword.trim())
    .filter((keyword) => keyword !== '' && keyword.length <= KEYWORD_CHARACTERS_MAX)
    .slice(0, 10);
}
