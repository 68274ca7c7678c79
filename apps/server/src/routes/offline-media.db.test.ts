import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

describe('without any provider’s key', () => {
  let server: TestServer;
  let key: string;
  let openai: OpenAI;
  beforeAll(async () => {
    server = await startTestServer({});
  });
  // A free workspace waits between two calls of one user.
  beforeEach(async () => {
    key = (await server.workspace('FREE')).key;
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  });
  afterAll(() => server.close());

  it('pictures are drawn here, and say so', async () => {
    const { data, response } = await openai.images
      .generate({ prompt: 'ร้านกาแฟริมทะเล', n: 2, size: '1024x1024', quality: 'low' })
      .withResponse();
    const pngs = data.data?.map(({ b64_json = '' }) => Buffer.from(b64_json, 'base64')) ?? [];
    expect(pngs.map((png) => [png.readUInt32BE(16), png.readUInt32BE(20)])).toEqual([
      [1024, 1024],
      [1024, 1024],
    ]);
    expect(response.headers.get('purser-offline')).toBe('true');
  });

  it('English is spoken here, as WAV; another format is refused by name', async () => {
    const spoken = { model: 'auto', input: 'Good morning.', voice: 'alloy' };
    const response = await openai.audio.speech.create({ ...spoken, response_format: 'wav' });
    expect(response.headers.get('purser-offline')).toBe('true');
    expect(Buffer.from(await response.arrayBuffer()).toString('latin1', 0, 4)).toBe('RIFF');
    const mp3 = await server.ask('/v1/audio/speech', { key: (await server.workspace('FREE')).key, body: spoken });
    expect([mp3.status, mp3.text]).toEqual([400, like(/response_format: got mp3, want one of wav/)]);
    const other = (await server.workspace('FREE')).key;
    const thai = await server.ask('/v1/audio/speech', { key: other, body: { ...spoken, response_format: 'wav', input: 'สวัสดี' } });
    expect([thai.status, thai.text]).toEqual([400, like(/English alone/)]);
  });

  it('texts are judged here, by stated rules', async () => {
    const { data, response } = await openai.moderations.create({ input: 'I will kill you' }).withResponse();
    expect([data.model, data.results[0]?.flagged]).toEqual(['offline-moderation', true]);
    expect(response.headers.get('purser-offline')).toBe('true');
  });

  it('recordings are not written down, and the refusal says what would', async () => {
    const form = new FormData();
    form.append('model', 'auto');
    form.append('file', new File([new Uint8Array(64)], 'a.wav'));
    const headers = { authorization: `Bearer ${(await server.workspace('PRO')).key}` };
    const answer = await fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', headers, body: form });
    expect([answer.status, await answer.text()]).toEqual([400, like(/no recording/)]);
  });

  it('the books balance', async () => {
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });
});
