/** Words for colors, in English and Thai, and what stands for them. */
const COLORS: Readonly<Record<string, string>> = {
  red: '#c8322b',
  orange: '#e07a1f',
  yellow: '#e3b71c',
  green: '#2f8f4e',
  blue: '#2463b8',
  navy: '#16305e',
  purple: '#6b3fa0',
  pink: '#d65a8a',
  brown: '#7a4a2b',
  black: '#1c1c1e',
  white: '#f2efe9',
  gray: '#7d7f85',
  grey: '#7d7f85',
  gold: '#c79a2b',
  teal: '#1f8a8a',
  coffee: '#5a3a26',
  sea: '#1d5f8a',
  sky: '#4a90c8',
  night: '#1b2240',
  sunset: '#d9663a',
  forest: '#2a5f3c',
  แดง: '#c8322b',
  ส้ม: '#e07a1f',
  เหลือง: '#e3b71c',
  เขียว: '#2f8f4e',
  น้ำเงิน: '#2463b8',
  ฟ้า: '#4a90c8',
  ม่วง: '#6b3fa0',
  ชมพู: '#d65a8a',
  น้ำตาล: '#7a4a2b',
  ดำ: '#1c1c1e',
  ขาว: '#f2efe9',
  เทา: '#7d7f85',
  ทอง: '#c79a2b',
};
const ALL = [...new Set(Object.values(COLORS))];

/** Two colors for a picture: those that its prompt names, and where it names fewer, others by its seed. */
export function paletteOf(prompt: string, seed: number): readonly [string, string] {
  const lower = prompt.toLowerCase();
  const named = Object.entries(COLORS)
    .filter(([word]) => (/^[a-z]+$/u.test(word) ? new RegExp(`\\b${word}\\b`, 'u').test(lower) : lower.includes(word)))
    .map(([, color]) => color);
  const others = ALL.filter((color) => !named.includes(color));
  const [first = others[seed % others.length], second = others[(seed >>> 8) % others.length]] = named;
  return [first ?? '#2463b8', second ?? '#16305e'];
}

/** How light a color is, from 0 to 1. */
export function lightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
