interface Segment {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Subtitles of a transcript with its segments (`verbose_json`). */
export function asSrt(told: Readonly<Record<string, unknown>>): string {
  return segmentsOf(told)
    .map(({ start, end, text }, index) => `${index + 1}\n${clock(start, ',')} --> ${clock(end, ',')}\n${text}\n\n`)
    .join('');
}

/** The same as WebVTT. */
export function asVtt(told: Readonly<Record<string, unknown>>): string {
  const cues = segmentsOf(told).map(({ start, end, text }) => `${clock(start, '.')} --> ${clock(end, '.')}\n${text}\n\n`);
  return `WEBVTT\n\n${cues.join('')}`;
}

/** One that has no segments is one: all of it, from its beginning to its end. */
function segmentsOf({ segments, text, duration }: Readonly<Record<string, unknown>>): Segment[] {
  const found = (Array.isArray(segments) ? segments : []).flatMap((segment: Partial<Segment>) =>
    typeof segment.start === 'number' && typeof segment.end === 'number' && typeof segment.text === 'string'
      ? [{ start: segment.start, end: segment.end, text: lineOf(segment.text) }]
      : [],
  );
  if (found.length > 0 || typeof text !== 'string' || text === '') return found;
  return [{ start: 0, end: Number(duration) || 0, text: lineOf(text) }];
}

/** An arrow, or an empty line, would be another cue. */
function lineOf(text: string): string {
  return text
    .trim()
    .replaceAll('-->', '->')
    .replaceAll(/\s*\n\s*/gu, '\n');
}

/** `00:01:02,345` */
function clock(seconds: number, point: ',' | '.'): string {
  const ms = Math.max(0, Math.round(seconds * 1_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const whole = Math.floor(ms / 1_000);
  return `${two(Math.floor(whole / 3_600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${point}${String(ms % 1_000).padStart(3, '0')}`;
}
