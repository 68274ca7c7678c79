import { HOSTILE_TEXTS } from '@purser/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

/* The largest bodies that are let in, of what makes careless readers slow, at every call that takes a text of that size. */

/** Processor time, not time by the clock: far above what a body of this size takes, far below what the square of it would. */
const CPU_MS_MAX = 4_000;
const SIZE = 1 << 20;

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await startTestServer();
  const overrides = {
    rate: { rps: 10_000, rpm: 100_000, burst: 10_000 },
    request: { input_chars_max: 4_000_000, credits_max: 1_000_000 },
  };
  ({ key } = await server.workspace('PRO', { overrides }));
});
afterAll(() => server.close());

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

const bodies = (text: string): Record<string, readonly [path: string, body: string]> => {
  const content = JSON.stringify(text.toWellFormed().replaceAll('\0', ' '));
  return {
    'a prompt': ['/api/ai/generate', `{"operation":"summarise","prompt":${content}}`],
    'a conversation': [
      '/api/ai/generate',
      `{"operation":"chat","messages":[{"role":"system","content":${content}},{"role":"user","content":"What is it?"}]}`,
    ],
    'a body that is no JSON': ['/api/ai/generate', text],
    'an operation': ['/api/ai/generate', `{"operation":${content},"prompt":"x"}`],
    'a message': ['/v1/chat/completions', `{"model":"auto","messages":[{"role":"user","content":${content}}]}`],
    'a member': [
      '/v1/chat/completions',
      `{"model":"auto","messages":[{"role":"user","content":"x"}],"metadata":{"a":${content}}}`,
    ],
    'a sign-in': ['/api/auth/sign-in/magic-link', `{"email":${content.slice(0, 60_000)}"}`],
    'a session': ['/api/session', `{"token":${content.slice(0, 60_000)}"}`],
  };
};

describe('a body of a megabyte takes no longer than its size allows, and leaves the server answering', () => {
  it.each(Object.entries(HOSTILE_TEXTS))('%s', async (_, textOf) => {
    for (const [what, [path, body]] of Object.entries(bodies(textOf(SIZE)))) {
      let status = 0;
      const ms = await cpuMs(async () => {
        ({ status } = await server.ask(path, { key, body, method: 'POST' }));
      });
      expect([what, status < 500, ms < CPU_MS_MAX], `${what}: ${status} after ${ms} ms`).toEqual([what, true, true]);
    }
  });
});
