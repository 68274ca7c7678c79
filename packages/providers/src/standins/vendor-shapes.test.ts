import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { startScripted } from './scripted.ts';
import type { VendorShape } from './vendor-shape.ts';
import { VENDOR_SHAPES } from './vendor-shapes.ts';

/* The vendors' own clients judge the answers that stand in for their servers': what is told as an answer is one to them. */

const MESSAGES = [{ role: 'user' as const, content: 'Hello' }];

type Read = (origin: string) => Promise<string>;

const STREAMED: Record<VendorShape['vendor'], Read> = {
  async openai(origin) {
    const client = new OpenAI({ apiKey: 'test', baseURL: `${origin}/v1`, maxRetries: 0 });
    let text = '';
    const stream = await client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true });
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    return text;
  },
  async anthropic(origin) {
    const client = new Anthropic({ apiKey: 'test', baseURL: origin, maxRetries: 0 });
    let text = '';
    const stream = await client.messages.create({ model: 'm', max_tokens: 100, messages: MESSAGES, stream: true });
    for await (const event of stream) {
      if (event.type === 'content_block_start' && event.content_block.type === 'text') text += event.content_block.text;
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    }
    return text;
  },
  async gemini(origin) {
    const client = new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: origin } });
    let text = '';
    const stream = await client.models.generateContentStream({ model: 'm', contents: 'Hello' });
    for await (const chunk of stream) text += chunk.text ?? '';
    return text;
  },
};

const WHOLE: Record<VendorShape['vendor'], Read> = {
  async openai(origin) {
    const client = new OpenAI({ apiKey: 'test', baseURL: `${origin}/v1`, maxRetries: 0 });
    const { choices } = await client.chat.completions.create({ model: 'm', messages: MESSAGES });
    return choices[0]?.message.content ?? '';
  },
  async anthropic(origin) {
    const client = new Anthropic({ apiKey: 'test', baseURL: origin, maxRetries: 0 });
    const { content } = await client.messages.create({ model: 'm', max_tokens: 100, messages: MESSAGES });
    return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  },
  async gemini(origin) {
    const client = new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: origin } });
    return (await client.models.generateContent({ model: 'm', contents: 'Hello' })).text ?? '';
  },
};

const answers = VENDOR_SHAPES.filter(({ outcome }) => outcome === 'answer' || outcome === 'empty');

describe.each([
  ['streaming', 'stream', STREAMED, 'text/event-stream'],
  ['in one piece', 'whole', WHOLE, 'application/json'],
] as const)('the vendor’s own client reads, %s,', (_, form, readers, content_type) => {
  const shapes = answers.filter((shape) => shape[form] !== undefined);
  test.each(shapes.map((shape) => [shape.vendor, shape.name, shape] as const))('%s: %s', async (vendor, __, shape) => {
    const upstream = await startScripted({ content_type, play: [shape[form] ?? ''] });
    try {
      expect(await readers[vendor](upstream.origin)).toBe(shape.text);
    } finally {
      await upstream.close();
    }
  });
});

test.each(
  VENDOR_SHAPES.filter(({ name }) => /^(?:overloaded after|an error with status 200|an error in place)/u.test(name)).map(
    (shape) => [shape.vendor, shape.name, shape] as const,
  ),
)('the vendor’s own client raises the error that is told inside a stream by %s: %s', async (vendor, _, shape) => {
  const upstream = await startScripted({ play: [shape.stream ?? ''] });
  try {
    await expect(STREAMED[vendor](upstream.origin)).rejects.toThrow();
  } finally {
    await upstream.close();
  }
});
