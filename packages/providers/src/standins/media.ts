import type { ServerResponse } from 'node:http';

import { objectsIn, textIn, isObject } from '../json.ts';

/** One pixel. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const CATEGORIES = ['harassment', 'hate', 'illicit', 'self-harm', 'sexual', 'violence'];

/** OpenAI's image edits: billed for its words and for the images in it. */
export function openAiEdits(body: Readonly<Record<string, unknown>>, reportUsage: boolean): object {
  const count = Number(body['n'] ?? 1);
  const images = Array.isArray(body['image[]']) ? body['image[]'].length : 1;
  const text_tokens = Math.ceil(Buffer.byteLength(textIn(body['prompt'])) / 4);
  const image_tokens = 194 * images;
  const input_tokens = text_tokens + image_tokens;
  const output_tokens = 272 * count;
  const usage = {
    input_tokens,
    input_tokens_details: { text_tokens, image_tokens },
    output_tokens,
    total_tokens: input_tokens + output_tokens,
  };
  return {
    created: 1_764_000_000,
    data: Array.from({ length: count }, () => ({ b64_json: PIXEL })),
    ...(reportUsage ? { usage } : {}),
  };
}

/** Gemini's generateContent of a model that draws: an image of 1,290 tokens, with a word beside it. */
export function geminiImage(body: Readonly<Record<string, unknown>>, model: string, reportUsage: boolean): object {
  const [content] = objectsIn(body['contents']);
  const parts = objectsIn(content?.['parts']);
  const pictures = parts.filter(({ inlineData }) => isObject(inlineData)).length;
  const text = parts.map((part) => textIn(part['text'])).join('');
  const promptTokenCount = Math.ceil(Buffer.byteLength(text) / 4) + 258 * pictures;
  const usageMetadata = {
    promptTokenCount,
    candidatesTokenCount: 1_300,
    totalTokenCount: promptTokenCount + 1_300,
    candidatesTokensDetails: [
      { modality: 'IMAGE', tokenCount: 1_290 },
      { modality: 'TEXT', tokenCount: 10 },
    ],
  };
  const drawn = [{ text: 'Here it is.' }, { inlineData: { mimeType: 'image/png', data: PIXEL } }];
  return {
    candidates: [{ content: { role: 'model', parts: drawn }, finishReason: 'STOP', index: 0 }],
    modelVersion: model,
    ...(reportUsage ? { usageMetadata } : {}),
  };
}

/** OpenAI's moderations: what says "kill" is violence. A list of parts is one post. */
export function sendModeration(response: ServerResponse, body: Readonly<Record<string, unknown>>): void {
  const { input } = body;
  const items = Array.isArray(input) && input.every((item) => typeof item === 'string') ? input : [input];
  const results = items.map((item) => {
    const violent = JSON.stringify(item).includes('kill');
    const categories = Object.fromEntries(CATEGORIES.map((name) => [name, violent && name === 'violence']));
    const category_scores = Object.fromEntries(CATEGORIES.map((name) => [name, violent && name === 'violence' ? 0.97 : 0.001]));
    return { flagged: violent, categories, category_scores, category_applied_input_types: {} };
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: 'modr-standin', model: 'omni-moderation-2024-09-26', results }));
}
