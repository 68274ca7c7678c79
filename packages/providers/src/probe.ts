import type { OutputLimitName } from './output-limit.ts';
import { type Provider, type ProviderCall, ProviderError } from './provider.ts';
import type { UsageReport } from './usage-report.ts';

/** The limit a probe sends. Few tokens, yet enough for a model that counts a sign or two of its own. */
const PROBE_TOKENS = 128;
/** No answer of so many tokens has more bytes than this; one that does is cut off. */
const PROBE_BYTES_MAX = PROBE_TOKENS * 16;
/** Asks for far more than the limit allows. */
const LONG = 'Write the numbers from 1 to 3000 in order, separated by spaces. Write nothing else.';

export interface ProbeCall extends Pick<ProviderCall, 'provider' | 'model' | 'signal'> {
  /** As the call streams that wants to know, for a server may keep the limit in one way and not in the other. */
  readonly stream: boolean;
  readonly output_limit?: OutputLimitName;
}

/**
 * Asks for a long answer under a short limit: true when the limit was kept. Nobody's call, and no hold: what it costs, at most the limit
 * where that is kept, is the operator's. @throws ProviderError when there is no answer to judge by
 */
export async function keepsLimit(provider: Provider, { stream, ...call }: ProbeCall): Promise<boolean> {
  const asked: ProviderCall = { ...call, messages: [{ role: 'user', content: LONG }], output_tokens_max: PROBE_TOKENS };
  try {
    return await (stream ? judgeStream(provider, asked) : judgeWhole(provider, asked));
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (error.overlong) return false;
    const known = typeof error.billed === 'object' ? error.billed : error.at_least;
    if (Buffer.byteLength(error.delivered) > PROBE_BYTES_MAX || (known?.output_tokens ?? 0) > PROBE_TOKENS) return false;
    throw error;
  }
}

async function judgeWhole(provider: Provider, asked: ProviderCall): Promise<boolean> {
  const { text, usage } = await provider.generate(asked);
  return Buffer.byteLength(text) <= PROBE_BYTES_MAX && outputOf(usage) <= PROBE_TOKENS;
}

async function judgeStream(provider: Provider, asked: ProviderCall): Promise<boolean> {
  let bytes = 0;
  for await (const event of provider.stream(asked)) {
    if (event.type === 'end') return outputOf(event.answer.usage) <= PROBE_TOKENS;
    bytes += Buffer.byteLength(event.text);
    // Leaving the loop cuts the answer off.
    if (bytes > PROBE_BYTES_MAX) return false;
  }
  return true;
}

function outputOf(report: UsageReport): number {
  return report.certainty === 'none' ? 0 : report.usage.output_tokens;
}
