import { createGoogle } from '@ai-sdk/google';
import type { Access, Protocol } from './protocol.ts';

const open = ({ api_key, base_url, fetch }: Access) => createGoogle({ apiKey: api_key, baseURL: base_url, fetch });

export const protocol: Protocol = {
  embedding: (access, model) => open(access).embeddingModel(model),
};
