import type { Misbehaviour } from './misbehaviour.ts';
import type { WishedCall, Wishes } from './wishes.ts';

/** What a stand-in says, before a protocol puts it into its own words. */
export interface Reply {
  readonly model: string;
  /** The text, one token a piece. */
  readonly pieces: readonly string[];
  readonly finish: 'stop' | 'length';
  /** Tools that are called, after what is said. */
  readonly calls: readonly WishedCall[];
  readonly usage: ReplyUsage | null;
  /** Usage with every piece, not only at the end. */
  readonly usage_each_piece: boolean;
  /** Ends without saying so. */
  readonly unfinished: boolean;
}

export interface ReplyUsage {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly reasoning: number;
}

const WORDS = 'a purser keeps the money and the stores of a ship and serves nobody whom the voyage cannot pay for '.split(' ');
const PIECES_DEFAULT = 12;
const PIECES_MAX = 4096;

/** `tokens_max` is the caller's; the honest reply is twelve tokens long or as many as allowed. Without a limit (infinite) it does not stop. */
export function replyTo(
  model: string,
  prompt_bytes: number,
  tokens_max: number | undefined,
  misbehaviour: Misbehaviour,
  { calls, json }: Wishes = { calls: [] },
): Reply {
  const allowed = Math.min(tokens_max ?? PIECES_DEFAULT, PIECES_MAX);
  const length =
    misbehaviour === 'too_many_tokens'
      ? Math.min((tokens_max ?? PIECES_DEFAULT) * 3, PIECES_MAX)
      : tokens_max === Number.POSITIVE_INFINITY
        ? PIECES_MAX
        : Math.min(allowed, PIECES_DEFAULT);
  const pieces = Array.from({ length }, (_, index) => `${WORDS[index % WORDS.length] || 'and'} `);
  const input = Math.max(1, Math.ceil(prompt_bytes / 4));
  const honest = { input, output: length, cached: Math.floor(input / 2), reasoning: Math.floor(length / 4) };
  return {
    model,
    // JSON comes in two pieces, so that readers have something to put together.
    pieces: json === undefined ? (calls.length > 0 ? [] : pieces) : [json.slice(0, 5), json.slice(5)],
    calls,
    finish: length < PIECES_DEFAULT ? 'length' : 'stop',
    usage: reported(honest, misbehaviour),
    usage_each_piece: misbehaviour === 'duplicate_usage',
    unfinished: misbehaviour === 'early_end',
  };
}

/** What a broken report says instead of the honest output count. */
const OUTPUT_REPORTED: Partial<Record<Misbehaviour, (output: number) => number>> = {
  negative_usage: (output) => -output,
  huge_usage: () => 1e300,
  fractional_usage: () => 12.5,
};

function reported(honest: ReplyUsage, misbehaviour: Misbehaviour): ReplyUsage | null {
  if (misbehaviour === 'no_usage') return null;
  const output = OUTPUT_REPORTED[misbehaviour]?.(honest.output) ?? honest.output;
  return { ...honest, output };
}
