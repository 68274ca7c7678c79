const HEADER_BYTES = 12;
const PCM = new Set([1, 3, 0xfffe]);

/**
 * Seconds of a WAV of plain samples: every byte behind its format counts as sound, whatever its header says of its size, at the rate, the
 * channels and the bits that it is played with.
 */
export function wavSeconds(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE')
    return undefined;
  let at = HEADER_BYTES;
  let a_second: number | undefined;
  while (at + 8 <= bytes.length) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    at += 8;
    if (name === 'data') return a_second === undefined ? undefined : (bytes.length - at) / a_second;
    if (name === 'fmt ' && at + 16 <= bytes.length && PCM.has(bytes.readUInt16LE(at))) {
      const [channels, rate, bits] = [bytes.readUInt16LE(at + 2), bytes.readUInt32LE(at + 4), bytes.readUInt16LE(at + 14)];
      const frame = channels * Math.ceil(bits / 8);
      a_second = frame * rate > 0 ? frame * rate : undefined;
    }
    at += size + (size % 2);
  }
  return undefined;
}
