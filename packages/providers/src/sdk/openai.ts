import { createOpenAI } from '@ai-sdk/openai';
import type { Access, Protocol } from './protocol.ts';

const open = ({ api_key, base_url, fetch }: Access) => createOpenAI({ apiKey: api_key, baseURL: base_url, fetch });

export const protocol: Protocol = {
  image: (access, model) => open(access).imageModel(model),
  embedding: (access, model) => open(access).embeddingModel(model),
};
