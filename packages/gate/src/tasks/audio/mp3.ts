const LAYER_3 = 1;
/** kbit/s by the index in a header; by version: MPEG-1, then MPEG-2 and 2.5. */
const RATES_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const RATES_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const SAMPLE_RATES = [44_100, 48_000, 32_000];
const ID3V2_BYTES = 10;
/** Beyond so many bytes that are no frame it is no MP3. */
const NOISE_BYTES_MAX = 65_536;

interface Frame {
  readonly bytes: number;
  readonly seconds: number;
}

/** Seconds of an MP3 by every frame in it; what a header says of all of them is not asked. Each byte is looked at once. */
export function mp3Seconds(file: Buffer): number | undefined {
  let at = tagEnd(file);
  let seconds = 0;
  let frames = 0;
  let noise = 0;
  while (at + 4 <= file.length) {
    const frame = frameAt(file, at);
    if (frame === undefined) {
      at += 1;
      noise += 1;
      if (frames === 0 && noise > NOISE_BYTES_MAX) return undefined;
      continue;
    }
    // One that looks like a frame by chance has no other behind it.
    if (frames === 0 && at + frame.bytes + 4 <= file.length && frameAt(file, at + frame.bytes) === undefined) {
      at += 1;
      noise += 1;
      continue;
    }
    frames += 1;
    seconds += frame.seconds;
    at += frame.bytes;
  }
  return frames === 0 || noise > file.length / 2 ? undefined : seconds;
}

function tagEnd(file: Buffer): number {
  if (file.length < ID3V2_BYTES || file.toString('latin1', 0, 3) !== 'ID3') return 0;
  const [a = 0, b = 0, c = 0, d = 0] = file.subarray(6, 10);
  return ID3V2_BYTES + ((a & 0x7f) << 21) + ((b & 0x7f) << 14) + ((c & 0x7f) << 7) + (d & 0x7f);
}

function frameAt(file: Buffer, at: number): Frame | undefined {
  const [first = 0, second = 0, third = 0] = file.subarray(at, at + 3);
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return undefined;
  const version = (second >> 3) & 3;
  if (version === 1 || ((second >> 1) & 3) !== LAYER_3) return undefined;
  const rate = (version === 3 ? RATES_1 : RATES_2)[third >> 4];
  const base = SAMPLE_RATES[(third >> 2) & 3];
  // Index 0 is a rate that is not told: such a file is left to its container.
  if (rate === undefined || rate === 0 || base === undefined) return undefined;
  const sample_rate = version === 3 ? base : version === 2 ? base / 2 : base / 4;
  const samples = version === 3 ? 1_152 : 576;
  return {
    bytes: Math.floor((samples / 8) * ((rate * 1_000) / sample_rate)) + ((third >> 1) & 1),
    seconds: samples / sample_rate,
  };
}
