import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { Access, Protocol } from './protocol.ts';

const open = ({ api_key, base_url, fetch }: Access) =>
  createOpenAICompatible({
    name: 'compatible',
    baseURL: base_url,
    includeUsage: true,
    fetch,
    ...(api_key === '' ? {} : { apiKey: api_key }),
  });

export const protocol: Protocol = {
  embedding: (access, model) => open(access).embeddingModel(model),
};
