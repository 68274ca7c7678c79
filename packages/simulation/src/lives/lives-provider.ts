import {
  createProviders,
  finalReport,
  type Provider,
  type ProviderAnswer,
  type ProviderCall,
  type Providers,
  type StreamEvent,
} from '@purser/providers';

const PROVIDER = 'offline';

/** Stands where a model of our own does: always there, it answers with as many tokens as it may, and is booked at the catalog's price. */
export function livesProviders(): Providers {
  const others = createProviders({ providers: {} });
  const provider: Provider = {
    id: PROVIDER,
    offline: false,
    honours: new Set(),
    generate: (call) => Promise.resolve(answerOf(call)),
    async *stream(call): AsyncGenerator<StreamEvent> {
      const answer = answerOf(call);
      yield { type: 'text', text: answer.text };
      yield { type: 'end', answer };
    },
  };
  return {
    get: (id) => (id === PROVIDER ? provider : others.get(id)),
    upstream: () => undefined,
    ids: () => others.ids(),
    configured: [],
    close: () => others.close(),
  };
}

function answerOf({ output_tokens_max, model, version }: ProviderCall): ProviderAnswer {
  return {
    text: 'On.',
    usage: finalReport({ input_tokens: 0, output_tokens: output_tokens_max }),
    model: { provider: PROVIDER, name: model, ...(version !== undefined && { version }) },
    finish: 'length',
    offline: false,
  };
}
