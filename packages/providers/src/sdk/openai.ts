import { createOpenAI } from '@ai-sdk/openai';
import type { Access, Protocol } from './protocol.ts';

const open = ({ api_key, base_url, fetch }: Access) => createOpenAI({ apiKey: api_key, baseURL: base_url, fetch });

/** Chat completions rather than Responses: the protocol that every address set in OpenAI's place speaks too. */
export const protocol: Protocol = {
  language: (access, model) => open(access).chat(model),
  image: (access, model) => open(access).imageModel(model),
  embedding: (access, model) => open(access).embeddingModel(model),
};
