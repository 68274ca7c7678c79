import { createAnthropic } from '@ai-sdk/anthropic';
import type { Protocol } from './protocol.ts';

export const protocol: Protocol = {
  language: ({ api_key, base_url, fetch }, model) =>
    createAnthropic({ apiKey: api_key, baseURL: base_url, fetch }).languageModel(model),
};
