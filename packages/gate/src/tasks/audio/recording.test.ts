import { fasterThanLinear, growthOf } from '@purser/core/testing';
import { mp3, wav } from '@purser/providers/standins';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { lengthOf } from './recording.ts';

/** A page of Opus in Ogg: a header of 27 bytes, the lengths of its packets, the packets. */
function page(...packets: Buffer[]): Buffer {
  const head = Buffer.alloc(27);
  head.write('OggS', 0);
  head[26] = packets.length;
  return Buffer.concat([head, Buffer.from(packets.map(({ length }) => length)), ...packets]);
}
const HEADERS = page(Buffer.from('OpusHead-----------'), Buffer.from('OpusTags--------'));
/** One frame of 20 ms, two of 60 ms, and five of 10 ms. */
const FRAMES = [Buffer.from([0x08, 1, 2]), Buffer.from([0x19, 1, 2]), Buffer.from([0x03, 5, 2])];

test('WAV, MP3 and Opus are as long as their frames, to the second begun', async () => {
  expect(await lengthOf(wav(3))).toEqual({ seconds: 3, seconds_max: 3 });
  expect(await lengthOf(mp3(7))).toEqual({ seconds: 7, seconds_max: 7 });
  const opus = Buffer.concat([HEADERS, ...Array.from({ length: 10 }, () => page(...FRAMES))]);
  expect(await lengthOf(opus)).toEqual({ seconds: 2, seconds_max: 2 });
});

test('no header makes a recording shorter than it is', async () => {
  const short = wav(60);
  short.writeUInt32LE(100, 40);
  expect((await lengthOf(short))?.seconds).toBe(60);
  const xing = Buffer.alloc(417);
  xing.writeUInt32BE(0xfffb9000, 0);
  xing.write('Xing', 36);
  xing.writeUInt32BE(1, 40);
  xing.writeUInt32BE(1, 44);
  expect((await lengthOf(Buffer.concat([xing, mp3(60)])))?.seconds).toBeGreaterThanOrEqual(60);
});

test('what is no recording has no length', async () => {
  for (const bytes of [Buffer.from('hello, this is a text'), Buffer.alloc(0), Buffer.alloc(10_000)])
    expect(await lengthOf(bytes)).toBeUndefined();
});

test('any bytes are answered for, whatever they begin with', async () => {
  const begin = fc.constantFrom('RIFF....WAVE', 'ID3', '\xff\xfb\x90\x00', 'OggS', '....ftypM4A ', 'fLaC', '\x1a\x45\xdf\xa3');
  await fc.assert(
    fc.asyncProperty(begin, fc.uint8Array({ maxLength: 400 }), async (head, rest) => {
      const length = await lengthOf(Buffer.concat([Buffer.from(head, 'latin1'), rest]));
      if (length === undefined) return;
      expect(Number.isSafeInteger(length.seconds) && length.seconds >= 0 && length.seconds <= length.seconds_max).toBe(true);
    }),
    { numRuns: 20 },
  );
}, 60_000);

test('frames are walked in time that grows as the file does, whatever is in it', async () => {
  const { mp3Seconds } = await import('./mp3.ts');
  const { opusSeconds } = await import('./opus.ts');
  const sync = (size: number): Buffer => Buffer.alloc(size, Buffer.from([0xff, 0xfb, 0x90, 0x00]));
  const empty = Buffer.concat([HEADERS, page(Buffer.alloc(0))]);
  expect(fasterThanLinear(growthOf((size) => mp3Seconds(sync(size)), { size_max: 4 << 20 }))).toBeUndefined();
  expect(
    fasterThanLinear(growthOf((size) => opusSeconds(Buffer.concat([HEADERS, Buffer.alloc(size, empty)])), { size_max: 4 << 20 })),
  ).toBeUndefined();
});
