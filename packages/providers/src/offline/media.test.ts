import { expect, test } from 'vitest';

import { ProviderError } from '../provider.ts';
import { offlineProvider } from './offline-provider.ts';

const { signal } = new AbortController();

async function drawn(prompt: string, count = 1, size = '256x256'): Promise<readonly Uint8Array[]> {
  const call = {
    provider: 'offline',
    model: 'offline-image',
    prompt,
    count,
    size,
    quality: undefined,
    references: [],
    signal,
  } as const;
  return (await offlineProvider.draw?.(call))?.images ?? [];
}

async function spoken(input: string, more: object = {}): Promise<Buffer> {
  const call = {
    provider: 'offline',
    model: 'offline-speech',
    input,
    voice: 'alloy',
    format: 'wav',
    counts_wanted: false,
    signal,
  } as const;
  const pieces: Uint8Array[] = [];
  for await (const event of offlineProvider.speak?.({ ...call, ...more }) ?? [])
    if (event.type === 'bytes') pieces.push(event.bytes);
  return Buffer.concat(pieces);
}

test('pictures are PNGs of the size that was asked for, each another, and the same ones every time', async () => {
  const pictures = await drawn('A red lighthouse & <sea>', 3, '320x192');
  expect(pictures.map((png) => [Buffer.from(png).readUInt32BE(16), Buffer.from(png).readUInt32BE(20)])).toEqual([
    [320, 192],
    [320, 192],
    [320, 192],
  ]);
  expect(new Set(pictures.map((png) => Buffer.from(png).toString('base64'))).size).toBe(3);
  expect(await drawn('A red lighthouse & <sea>', 3, '320x192')).toEqual(pictures);
});

test('Thai is drawn in a font that has it: other words are another picture', async () => {
  const [one, other] = [await drawn('ร้านกาแฟริมทะเล'), await drawn('ร้านกาแฟในเมือง')];
  expect(one).not.toEqual(other);
});

test('a size that is none is refused by name', async () => {
  await expect(drawn('x', 1, '16x16')).rejects.toMatchObject({ kind: 'refused', billed: 'no' });
});

test('English is spoken: a WAV, longer for more words and shorter when faster', async () => {
  const one = await spoken('Good morning.');
  const more = await spoken('Good morning. The harbor opened in eighteen eighty seven.');
  const fast = await spoken('Good morning. The harbor opened in eighteen eighty seven.', { speed: 2 });
  expect(one.subarray(0, 4).toString()).toBe('RIFF');
  expect(more.length).toBeGreaterThan(one.length * 1.5);
  expect(fast.length).toBeLessThan(more.length * 0.7);
}, 30_000);

test('a voice that it has not, and a language that it does not speak, are refused by name', async () => {
  for (const [input, more, why] of [
    ['Good morning', { voice: 'somebody' }, /voice: want one of/],
    ['สวัสดี', {}, /English alone/],
  ] as const) {
    const error = await spoken(input, more).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProviderError);
    expect((error as ProviderError).cause).toMatchObject({ message: expect.stringMatching(why) as string });
  }
});
