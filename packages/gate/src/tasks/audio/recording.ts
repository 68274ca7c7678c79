import { mp3Seconds } from './mp3.ts';
import { opusSeconds } from './opus.ts';
import { toldSeconds } from './told-seconds.ts';
import { wavSeconds } from './wav.ts';

/** How long a recording is, in seconds, begun ones whole. */
export interface Length {
  /** By every frame of it, or as its container says. */
  readonly seconds: number;
  /** Whatever its container says: no voice in so many bytes is longer. */
  readonly seconds_max: number;
}

/**
 * The fewest bytes a second of speech, for containers whose frames are not walked here: 4 kbit/s, below what any encoder of these formats
 * makes of a voice. What a call may cost up to that is held as exposure.
 */
const BYTES_A_SECOND_MIN = 500;

/**
 * The length of a recording before anybody has heard it. Of WAV, MP3 and Opus in Ogg it is counted frame by frame, so that no header can make
 * it shorter; of others their container says it, and where that says nothing the size bounds it. Undefined: this is no recording.
 */
export async function lengthOf(bytes: Buffer): Promise<Length | undefined> {
  for (const walk of [wavSeconds, mp3Seconds, opusSeconds]) {
    const seconds = walk(bytes);
    if (seconds !== undefined) return { seconds: Math.ceil(seconds), seconds_max: Math.ceil(seconds) };
  }
  const seconds_max = Math.ceil(bytes.length / BYTES_A_SECOND_MIN);
  const told = await toldSeconds(bytes);
  if (told === 'none') return undefined;
  return {
    seconds: told === 'unsaid' ? seconds_max : told,
    seconds_max: told === 'unsaid' ? seconds_max : Math.max(seconds_max, told),
  };
}
