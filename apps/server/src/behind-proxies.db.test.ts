import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

let server: TestServer;
let bare: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PURSER_TRUST_PROXY: '1', PURSER_FREE_STARTS_PER_ADDRESS: '2' });
  bare = await startTestServer({ PURSER_FREE_STARTS_PER_ADDRESS: '2' });
});
afterAll(async () => {
  await server.close();
  await bare.close();
});

const forged = (count: number) => `198.51.100.${count % 250}, 192.0.2.${count % 250}`;

describe('limits by address', () => {
  it('hold behind a proxy for a caller that sends another forged address each time', async () => {
    const ask = (from: string, count: number) =>
      server.ask('/api/usage', { key: 'wrong', headers: { 'x-forwarded-for': `${forged(count)}, ${from}:${1024 + count}` } });
    let refused = 0;
    for (let count = 0; count < 140; count++) refused += Number((await ask('203.0.113.9', count)).status === 429);
    expect(refused).toBe(20);
    expect((await ask('203.0.113.10', 1)).status).toBe(401);
  });

  it('hold for free starts, and without a proxy the header is nothing', async () => {
    const start = (at: TestServer, told: string) =>
      at.ask('/api/auth/sign-in/anonymous', { body: {}, headers: { 'x-forwarded-for': told } });
    const proxied = [];
    const direct = [];
    for (let count = 0; count < 4; count++) {
      proxied.push((await start(server, `${forged(count)}, 203.0.113.20`)).status);
      direct.push((await start(bare, `203.0.113.${30 + count}`)).status);
    }
    expect(proxied).toEqual([201, 201, 409, 409]);
    expect(direct).toEqual([201, 201, 409, 409]);
  });

  it('leave the cookies of a page that the proxy serves over https to https alone', async () => {
    const started = async (at: TestServer) =>
      (
        await at.ask('/api/session', {
          body: { key: at.admin_token },
          headers: { 'x-forwarded-for': '203.0.113.40', 'x-forwarded-proto': 'https' },
        })
      ).headers.getSetCookie();
    expect(await started(server)).toEqual([expect.stringContaining('; Secure')]);
    expect(await started(bare)).toEqual([expect.not.stringContaining('; Secure')]);
  });
});
