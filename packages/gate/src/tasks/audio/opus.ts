const PAGE_BYTES = 27;
/** Milliseconds of a frame by the upper five bits of a packet's first byte (RFC 6716, section 3.1). */
const FRAMES_MS = [
  10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20,
];
/** The two packets in front: who it is, and its comments. */
const HEADERS = 2;

/** Seconds of Opus in Ogg, by every packet in it: the times that its pages tell are not asked. Each page is looked at once. */
export function opusSeconds(file: Buffer): number | undefined {
  if (file.toString('latin1', 0, 4) !== 'OggS' || file.indexOf('OpusHead') === -1) return undefined;
  let at = 0;
  let ms = 0;
  let packets = 0;
  let continued = false;
  while (at + PAGE_BYTES <= file.length && file.toString('latin1', at, at + 4) === 'OggS') {
    const segments = file[at + 26] ?? 0;
    const table = file.subarray(at + PAGE_BYTES, at + PAGE_BYTES + segments);
    let packet = at + PAGE_BYTES + segments;
    let bytes = 0;
    for (const lace of table) {
      bytes += lace;
      if (lace === 255) continue;
      if (!continued && packets++ >= HEADERS) ms += packetMs(file, packet, bytes);
      continued = false;
      packet += bytes;
      bytes = 0;
    }
    // A packet that goes on in the next page was counted by its beginning.
    if (bytes > 0) {
      if (!continued && packets++ >= HEADERS) ms += packetMs(file, packet, bytes);
      continued = true;
    }
    at = packet + bytes;
  }
  return packets <= HEADERS ? undefined : ms / 1_000;
}

function packetMs(file: Buffer, at: number, bytes: number): number {
  const [first = 0, second = 0] = file.subarray(at, at + 2);
  if (bytes === 0) return 0;
  const code = first & 3;
  const frames = code === 0 ? 1 : code === 3 ? (bytes > 1 ? second & 0x3f : 0) : 2;
  return (FRAMES_MS[first >> 3] ?? 0) * frames;
}
