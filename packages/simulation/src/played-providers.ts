import type { Catalog } from '@purser/catalog';
import {
  createProviders,
  finalReport,
  type Provider,
  type ProviderAnswer,
  type ProviderCall,
  ProviderError,
  type Providers,
  type StreamEvent,
  textOf,
} from '@purser/providers';

import { PROVIDER_AWAY, PROVIDER_BREAKS } from './population.ts';
import { Random } from './random.ts';

/** The words a prompt begins with, by which a played model knows how long an answer is wanted. */
export function askForLength(tokens: number): string {
  return `About ${tokens} tokens, please.\n`;
}

const WANTED = /^About (\d+) tokens/;
const ANSWER_TOKENS = 300;
const MESSAGE_TOKENS = 4;
const CHARS_A_TOKEN = 4;
const TEXT = 'As asked.';

/**
 * Every provider of the catalog that serves text over the network, as if a key were set for it: it reports the tokens that a prompt and
 * the answer it asks for come to, is away at times, and at times breaks off. Nothing is generated: what is tried are the books.
 */
export function playedProviders(catalog: Catalog, seed: number): Providers {
  const random = new Random(seed);
  const hosted = catalog.models.filter(({ task, local, provider }) => task === 'text' && !local && provider !== 'offline');
  const played = new Map([...new Set(hosted.map(({ provider }) => provider))].map((id) => [id, play(id, random)]));
  const others = createProviders({ providers: {} });
  const configured = [...played.keys()];
  return {
    get: (id) => played.get(id) ?? others.get(id),
    upstream: () => undefined,
    ids: () => [...configured, ...others.ids()],
    configured,
    close: () => others.close(),
  };
}

function play(id: string, random: Random): Provider {
  const generate = async (call: ProviderCall): Promise<ProviderAnswer> => {
    if (random.chance(PROVIDER_AWAY)) throw new ProviderError(id, 'is away', { kind: 'unavailable', billed: 'no' });
    if (random.chance(PROVIDER_BREAKS)) throw new ProviderError(id, 'broke off', { kind: 'unavailable', billed: 'unknown' });
    return answerOf(id, call);
  };
  return {
    id,
    offline: false,
    honours: new Set(),
    generate,
    async *stream(call): AsyncGenerator<StreamEvent> {
      const answer = await generate(call);
      yield { type: 'text', text: answer.text };
      yield { type: 'end', answer };
    },
  };
}

function answerOf(provider: string, { messages, output_tokens_max, model, version }: ProviderCall): ProviderAnswer {
  const asked = messages.map(({ content }) => WANTED.exec(textOf(content))?.[1]).find((tokens) => tokens !== undefined);
  const wanted = asked === undefined ? ANSWER_TOKENS : Number(asked);
  return {
    text: TEXT,
    usage: finalReport({
      input_tokens: messages.reduce((sum, { content }) => sum + tokensOf(textOf(content), provider), 0),
      output_tokens: Math.min(wanted, output_tokens_max),
    }),
    model: { provider, name: model, ...(version !== undefined && { version }) },
    finish: wanted > output_tokens_max ? 'length' : 'stop',
    offline: false,
  };
}

/**
 * Figures are the worst a tokenizer meets: each is a token of its own. Prose is a token every four characters. OpenAI’s tokenizer is public,
 * and three figures are one token to it: its stand-in may not count more than it would, since that is what is held for.
 */
function tokensOf(content: string, provider: string): number {
  const figures = /\d$/.test(content.slice(-1));
  const chars = provider === 'openai' ? { figures: 3, prose: 5 } : { figures: 1, prose: CHARS_A_TOKEN };
  return MESSAGE_TOKENS + Math.ceil(content.length / (figures ? chars.figures : chars.prose));
}
