import { createHash } from 'node:crypto';

import type { ImageAbilities, ImageAnswer, ImageCall } from '../media/images.ts';
import { ProviderError } from '../provider.ts';
import { finalReport } from '../usage-report.ts';
import { countTokens } from '../tokens.ts';
import { fileOf, isInstalled } from './installed.ts';
import { lightness, paletteOf } from './palette.ts';

export const OFFLINE_IMAGES: ImageAbilities = { count_max: 10, qualities: true, references_max: 0, masks: false };

const LATIN = fileOf('@expo-google-fonts/noto-sans', '700Bold/NotoSans_700Bold.ttf');
const THAI = fileOf('@expo-google-fonts/noto-sans-thai', '700Bold/NotoSansThai_700Bold.ttf');

/** Whether what draws was installed. */
export const DRAWS_OFFLINE = isInstalled('sharp') && LATIN !== undefined && THAI !== undefined;

const SIDE_MAX = 2_048;
/** Of the prompt; more would be too small to read. */
const WORDS_CHARS_MAX = 160;

/**
 * A poster of the prompt's own words in colors that it names, different for each of several, and marked as drawn offline: no model, but a
 * picture to go on with. @throws ProviderError
 */
export async function drawOffline(call: ImageCall): Promise<ImageAnswer> {
  const { prompt, count, size, quality = 'medium', model } = call;
  const [width = 0, height = 0] = size.split('x').map(Number);
  if (width > SIDE_MAX || height > SIDE_MAX || Math.min(width, height) < 64)
    throw new ProviderError('offline', 'was not asked', {
      kind: 'refused',
      billed: 'no',
      status: 400,
      blame: 'call',
      cause: new Error(`size: got ${size}, want sides from 64 to ${SIDE_MAX}`),
    });
  const images: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) {
    if (call.signal.aborted)
      throw new ProviderError('offline', 'the call was ended before the answer', { kind: 'timeout', billed: 'no' });
    images.push(await poster(prompt, seedOf(prompt, index), width, height));
  }
  return {
    images,
    usage: finalReport({ input_tokens: countTokens(prompt), output_tokens: 0, images: [{ size, quality, count }] }),
    model: { provider: 'offline', name: model, version: '1.0.0' },
  };
}

function seedOf(prompt: string, index: number): number {
  return createHash('sha256').update(`${index} ${prompt}`).digest().readUInt32BE(0);
}

async function poster(prompt: string, seed: number, width: number, height: number): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const [from, to] = paletteOf(prompt, seed);
  const ink = (lightness(from) + lightness(to)) / 2 > 0.6 ? '#1c1c1e' : '#ffffff';
  const unit = Math.min(width, height);
  const words = await textImage(wordsOf(prompt), ink, Math.round(width * 0.8), Math.round(height * 0.55));
  const label = await textImage('drawn offline', ink, Math.round(width * 0.4), Math.round(unit * 0.035));
  const margin = Math.round(unit * 0.04);
  return sharp(Buffer.from(background(from, to, seed, width, height)))
    .composite([
      { input: words.data, left: Math.round((width - words.info.width) / 2), top: Math.round((height - words.info.height) / 2) },
      { input: label.data, left: margin, top: height - label.info.height - margin },
    ])
    .png()
    .toBuffer();
}

async function textImage(text: string, ink: string, width: number, height: number) {
  const { default: sharp } = await import('sharp');
  const thai = /\p{Script=Thai}/u.test(text);
  const font = thai ? { font: 'Noto Sans Thai Bold', fontfile: THAI } : { font: 'Noto Sans Bold', fontfile: LATIN };
  return sharp({
    text: {
      text: `<span foreground="${ink}">${escaped(text)}</span>`,
      font: font.font,
      ...(font.fontfile === undefined ? {} : { fontfile: font.fontfile }),
      width,
      height,
      align: 'centre',
      rgba: true,
      wrap: 'word',
    },
  })
    .png()
    .toBuffer({ resolveWithObject: true });
}

/** The prompt in one piece, ended where a word does. */
function wordsOf(prompt: string): string {
  const line = prompt.replaceAll(/[\s\p{C}]+/gu, ' ').trim();
  if (line.length <= WORDS_CHARS_MAX) return breakable(line);
  const cut = line.slice(0, WORDS_CHARS_MAX);
  const end = cut.lastIndexOf(' ');
  return breakable(`${(end > WORDS_CHARS_MAX / 2 ? cut.slice(0, end) : cut).toWellFormed()} …`);
}

/** Thai has no spaces between its words: where a line may end is marked by one of no width. */
function breakable(line: string): string {
  if (!/\p{Script=Thai}/u.test(line)) return line;
  return Array.from(new Intl.Segmenter('th', { granularity: 'word' }).segment(line), ({ segment }) => segment).join('\u200b');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A gradient with soft circles, laid out by the seed. */
function background(from: string, to: string, seed: number, width: number, height: number): string {
  const next = random(seed);
  const angle = Math.round(next() * 90);
  const circles = Array.from({ length: 7 }, () => {
    const [x, y, radius] = [next() * width, next() * height, (0.08 + next() * 0.3) * Math.min(width, height)];
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(1)}" fill="#ffffff" fill-opacity="${(0.04 + next() * 0.1).toFixed(3)}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="g" gradientTransform="rotate(${angle})"><stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/>${circles.join('')}</svg>`;
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
