import { HAS_REDIS_SERVER, OwnRedis } from '@purser/embedded/testing';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';

import { startTestServer } from './testing/index.ts';

it.skipIf(!HAS_REDIS_SERVER)(
  'an end user who is erased is signed out everywhere, with its name in no session in Redis; the sessions of others go on',
  async () => {
    await using own = new OwnRedis();
    await own.start();
    const server = await startTestServer({ REDIS_URL: own.url });
    const { id, key } = await server.workspace();
    const [ann, bob] = ['ann', 'bob'].map((name) => `${name}-${crypto.randomUUID()}@end.example`) as [string, string];
    const signIn = async (user: string): Promise<string> => {
      const { identity } = server.running.composition.deps;
      const session = await identity.startSession({ authorization: `Bearer ${key}`, purserUser: user });
      if (!('token' in session)) throw new Error('not signed in');
      return session.token;
    };
    const sessions = { ann: await signIn(ann), bob: await signIn(bob) };
    const statusOf = async (token: string): Promise<number> => (await server.ask('/api/usage', { key: token })).status;
    const eyes = new Redis(own.url);
    const inSessions = async (): Promise<readonly string[]> => {
      const names = await eyes.keys('purser:session:*');
      const values = await Promise.all(names.map((name) => eyes.getBuffer(name)));
      return names.map((name, at) => `${name} ${values[at]?.toString('latin1') ?? ''}`);
    };
    for (const token of [sessions.ann, sessions.bob]) expect(await statusOf(token)).toBe(200);
    expect((await inSessions()).filter((text) => text.includes(ann))).toEqual([]);

    const headers = { 'purser-workspace': id };
    const erased = await server.admin('/api/workspace/users', { method: 'DELETE', headers, body: { user: ann } });
    expect(erased.status, erased.text).toBe(202);
    await expect.poll(() => statusOf(sessions.ann), { timeout: 20_000 }).toBe(401);
    expect(await statusOf(sessions.bob)).toBe(200);
    await eyes.flushall();
    expect(await statusOf(sessions.ann)).toBe(401);
    expect((await inSessions()).filter((text) => text.includes(ann))).toEqual([]);
    eyes.disconnect();
    await server.close();
  },
);
