/** A second of a 440 Hz tone for each 15 characters, at OpenAI's rate of `pcm`: 24 kHz, 16 bits, one channel. */
const SAMPLE_RATE = 24_000;
const CHARACTERS_PER_SECOND = 15;

export function secondsOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARACTERS_PER_SECOND));
}

export function pcm(seconds: number): Buffer {
  const samples = Buffer.alloc(seconds * SAMPLE_RATE * 2);
  for (let at = 0; at < samples.length / 2; at += 1)
    samples.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * 440 * at) / SAMPLE_RATE)), at * 2);
  return samples;
}

export function wav(seconds: number): Buffer {
  const data = pcm(seconds);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(SAMPLE_RATE, 24);
  head.writeUInt32LE(SAMPLE_RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

/** Frames of silence: MPEG-1 layer III, 128 kbit/s, 44.1 kHz, of which each is 1,152 samples in 417 bytes. */
export function mp3(seconds: number): Buffer {
  const frame = Buffer.alloc(417);
  frame.writeUInt32BE(0xfffb9000, 0);
  return Buffer.concat(Array.from({ length: Math.floor((seconds * 44_100) / 1_152) }, () => frame));
}
