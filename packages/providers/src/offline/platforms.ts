/** Where a text is to appear: what fits there, by the platforms' published limits. */
export interface Platform {
  readonly id: 'x' | 'instagram' | 'facebook' | 'linkedin' | 'tiktok' | 'threads' | 'email' | 'blog';
  readonly name: string;
  /** UTF-16 units, spaces and hashtags included. */
  readonly characters_max: number;
  readonly hashtags_max: number;
  readonly emoji: boolean;
  /** Sentences worth keeping before readers scroll on. */
  readonly sentences_max: number;
  readonly pattern: RegExp;
}

const PLATFORMS: readonly Platform[] = [
  {
    id: 'instagram',
    name: 'Instagram',
    characters_max: 2200,
    hashtags_max: 5,
    emoji: true,
    sentences_max: 5,
    pattern: /\binstagram\b|\big\b|อินสตาแกรม|ไอจี/iu,
  },
  {
    id: 'facebook',
    name: 'Facebook',
    characters_max: 5000,
    hashtags_max: 3,
    emoji: true,
    sentences_max: 6,
    pattern: /\bfacebook\b|เฟซบุ๊ก|เฟสบุ๊ค/iu,
  },
  {
    id: 'linkedin',
    name: 'LinkedIn',
    characters_max: 3000,
    hashtags_max: 3,
    emoji: false,
    sentences_max: 8,
    pattern: /\blinked-?in\b|ลิงก์อิน/iu,
  },
  {
    id: 'tiktok',
    name: 'TikTok',
    characters_max: 2200,
    hashtags_max: 4,
    emoji: true,
    sentences_max: 2,
    pattern: /\btik-?tok\b|ติ๊กต็อก/iu,
  },
  {
    id: 'threads',
    name: 'Threads',
    characters_max: 500,
    hashtags_max: 1,
    emoji: true,
    sentences_max: 4,
    pattern: /\bthreads\b/iu,
  },
  {
    id: 'x',
    name: 'X',
    characters_max: 280,
    hashtags_max: 2,
    emoji: false,
    sentences_max: 2,
    pattern: /\btwitter\b|\btweet\b|\bfor x\b|\bon x\b|platform:\s*x\b|ทวิตเตอร์/iu,
  },
  {
    id: 'email',
    name: 'E-mail',
    characters_max: 5000,
    hashtags_max: 0,
    emoji: false,
    sentences_max: 10,
    pattern: /\be-?mail\b|\bnewsletter\b|อีเมล/iu,
  },
  {
    id: 'blog',
    name: 'Blog',
    characters_max: 100_000,
    hashtags_max: 0,
    emoji: false,
    sentences_max: 40,
    pattern: /\bblog\b|\barticle\b|\bwordpress\b|บล็อก|บทความ/iu,
  },
];

/** The platform the words name, or null. */
export function platformIn(text: string): Platform | null {
  return PLATFORMS.find((platform) => platform.pattern.test(text)) ?? null;
}

export type Tone = 'professional' | 'friendly' | 'playful' | 'bold' | 'calm';

const TONES: readonly (readonly [Tone, RegExp])[] = [
  ['professional', /\b(?:professional|formal|business-?like|corporate|serious|expert)\b|ทางการ|มืออาชีพ|สุภาพ/iu],
  ['playful', /\b(?:playful|fun|funny|humorous|witty|cheeky)\b|สนุก|ขี้เล่น|ตลก/iu],
  ['bold', /\b(?:bold|urgent|energetic|exciting|punchy|confident|sales)\b|เร้าใจ|มั่นใจ|ตื่นเต้น/iu],
  ['calm', /\b(?:calm|luxury|elegant|minimal|gentle|soft)\b|หรูหรา|เรียบง่าย|นุ่มนวล/iu],
  ['friendly', /\b(?:friendly|casual|warm|conversational|relaxed|informal)\b|เป็นกันเอง|อบอุ่น|กันเอง/iu],
];

/** The tone preset nearest to the words used, or null. */
export function toneIn(text: string): Tone | null {
  return TONES.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}
