import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type StandIn, startStandIn } from '@purser/providers/standins';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

const CATALOGS = path.resolve(import.meta.dirname, '..', '..', '..', 'catalogs');

const MESSAGES = [{ role: 'user' as const, content: 'When did the harbour open?' }];
const SPENT = 'sk-spent-0123456789';
const GOOD = 'sk-good-0123456789';

describe('several keys of one provider, and servers that are added by configuration', () => {
  let folder: string;
  let standIn: StandIn;
  let groq: StandIn;
  let server: TestServer;
  let openai: OpenAI;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'purser-upstreams-'));
    await cp(CATALOGS, folder, { recursive: true });
    const edit = async (file: string, change: (text: string) => string): Promise<void> => {
      const place = path.join(folder, file);
      await writeFile(place, change(await readFile(place, 'utf8')));
    };
    await edit('default.yaml', (text) => text.replaceAll('text: [gemini, openai,', 'text: [gemini, groq, openai,'));
    await edit('models.yml', (text) =>
      text
        .replace('providers: [', 'providers: [groq, ')
        .replace(
          '\nmodels:\n',
          '\nmodels:\n  - { id: groq/llama-4, provider: groq, name: llama-4, version: 4.0.0, task: text, class: small, price: groq/llama-4, context_tokens: 131072, output_tokens_max: 8192 }\n',
        ),
    );
    await edit(
      'provider_costs.yml',
      (text) =>
        `${text.trimEnd()}\n  - { key: groq/llama-4, currency: USD, from: 2025-01-01, per_million: { input_token: 0.11, output_token: 0.34 } }\n`,
    );
    standIn = await startStandIn({ by_key: (key) => (key === SPENT ? 'rate_limited' : undefined) });
    groq = await startStandIn({ output_limit: 'max_completion_tokens' });
    server = await startTestServer({
      PURSER_CATALOG: path.join(folder, 'default.yaml'),
      OPENAI_API_KEYS: `${SPENT}:1,${GOOD}:1`,
      OPENAI_BASE_URL: standIn.openai_url,
      PURSER_UPSTREAMS: 'groq',
      GROQ_BASE_URL: groq.openai_url,
      GROQ_API_KEY: 'gsk-0123456789',
      GROQ_OUTPUT_LIMIT: 'max_completion_tokens',
    });
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: (await server.workspace('BUSINESS')).key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await Promise.all([standIn.close(), groq.close(), rm(folder, { recursive: true })]);
  });

  it('a key whose rate is used up is rested, the same model answers by another, and nothing is said to be degraded', async () => {
    for (const stream of [false, true, false, true]) {
      const { data, response } = await openai.chat.completions
        .create({ model: 'gpt-4o-mini', messages: MESSAGES, stream })
        .withResponse();
      if (Symbol.asyncIterator in data) for await (const _ of data);
      expect(response.headers.get('purser-degraded')).toBeNull();
    }
    const keys = standIn.requests.map(({ headers }) => headers['authorization']);
    // Its provider said for how long: within that time it is asked but once.
    expect(keys.filter((key) => key === `Bearer ${SPENT}`)).toHaveLength(1);
    expect(keys.filter((key) => key === `Bearer ${GOOD}`)).toHaveLength(4);
    expect(server.log_lines.join('\n')).not.toContain(SPENT);
  });

  it('a second compatible server is configuration: its models are named, priced and reached by their own key', async () => {
    const names = (await openai.models.list()).data.map(({ id }) => id);
    expect(names).toContain('groq/llama-4');
    const { data, response } = await openai.chat.completions
      .create({ model: 'llama-4', messages: MESSAGES, max_tokens: 77 })
      .withResponse();
    expect(data.choices[0]?.message.content).toMatch(/^a purser/u);
    expect(response.headers.get('purser-cost')).toMatch(/^0\.0000\d+ USD$/u);
    expect(groq.requests.at(-1)?.headers['authorization']).toBe('Bearer gsk-0123456789');
    expect(groq.requests.at(-1)?.body).toMatchObject({ max_completion_tokens: 77 });
  });
});
