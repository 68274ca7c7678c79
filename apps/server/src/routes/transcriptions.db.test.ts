import { createOpenAI } from '@ai-sdk/openai';
import { mp3, type StandIn, startStandIn, wav } from '@purser/providers/standins';
import { transcribe } from 'ai';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

const TEXT = 'The harbor opened in 1887.';

describe('transcriptions by OpenAI’s wire format', () => {
  let provider: StandIn;
  let server: TestServer;
  let key: string;
  let openai: OpenAI;
  beforeAll(async () => {
    provider = await startStandIn();
    server = await startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: provider.openai_url });
    key = (await server.workspace('BUSINESS')).key;
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await provider.close();
  });

  const file = () => toFile(wav(3), 'harbor.wav', { type: 'audio/wav' });
  const ask = (fields: Record<string, string | Blob>, headers: Record<string, string> = {}): Promise<Response> => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return fetch(`${server.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, ...headers },
      body: form,
    });
  };
  const sound = () => new File([new Uint8Array(wav(3))], 'harbor.wav', { type: 'audio/wav' });

  it('an official client gets the text, billed by the second and counted', async () => {
    const { data, response } = await openai.audio.transcriptions
      .create({ model: 'whisper-1', file: await file(), language: 'en', prompt: 'A harbor', temperature: 0.2 })
      .withResponse();
    expect(data).toEqual({ text: TEXT, usage: { type: 'duration', seconds: 3 } });
    expect(response.headers.get('purser-cost')).toBe('0.0003 USD');
    expect(provider.requests.at(-1)?.body).toEqual({
      model: 'whisper-1',
      response_format: 'verbose_json',
      language: 'en',
      prompt: 'A harbor',
      temperature: '0.2',
      file: { name: 'harbor.wav', type: 'audio/wav', size: wav(3).length },
    });
    const usage = (await server.ask('/api/usage', { key })).json as unknown as { meters: { key: string; used: number }[] };
    expect(usage.meters.find((meter) => meter.key === 'audio_seconds_month')).toMatchObject({ used: 3 });
  });

  it.each([
    ['text', /^The harbor opened in 1887\.\n$/],
    ['srt', /^1\n00:00:00,000 --> 00:00:01,250\nThe harbor\n\n2\n00:00:01,250 --> 00:00:02,900\nopened in 1887\.\n\n$/],
    ['vtt', /^WEBVTT\n\n00:00:00\.000 --> 00:00:01\.250\nThe harbor\n\n/],
  ] as const)('as %s', async (response_format, wanted) => {
    expect(await openai.audio.transcriptions.create({ model: 'whisper-1', file: await file(), response_format })).toMatch(wanted);
  });

  it('with segments, and with speakers', async () => {
    const verbose = await openai.audio.transcriptions.create({
      model: 'whisper-1',
      file: await file(),
      response_format: 'verbose_json',
      timestamp_granularities: ['segment'],
    });
    expect(verbose).toMatchObject({ text: TEXT, segments: [{ start: 0 }, { start: 1.25 }], usage: { seconds: 3 } });
    expect(provider.requests.at(-1)?.body).toMatchObject({ 'timestamp_granularities[]': ['segment'] });
  });

  it('a model that bills tokens is billed by its own count', async () => {
    const { data, response } = await openai.audio.transcriptions
      .create({ model: 'gpt-4o-transcribe', file: await file() })
      .withResponse();
    expect(data).toMatchObject({ text: TEXT, usage: { type: 'tokens', input_tokens: 34, output_tokens: 9 } });
    // 4 tokens at 2.5, 30 of sound at 6, and 9 at 10 USD a million.
    expect(response.headers.get('purser-cost')).toBe('0.00028 USD');
  });

  it('streams to an official client, with what it cost in the last event', async () => {
    const stream = await openai.audio.transcriptions.create({
      model: 'gpt-4o-mini-transcribe',
      file: await file(),
      stream: true,
    });
    let text = '';
    let last: object = {};
    for await (const event of stream) {
      if (event.type === 'transcript.text.delta') text += event.delta;
      last = event;
    }
    expect(text).toBe(TEXT);
    expect(last).toMatchObject({
      type: 'transcript.text.done',
      text: TEXT,
      usage: { input_tokens: 34, output_tokens: 9 },
      purser: { credits_charged: 1, cost: { amount: '0.00014', currency: 'USD' } },
    });
  });

  it('the AI SDK transcribes, with times', async () => {
    const purser = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: key });
    const { text, segments } = await transcribe({ model: purser.transcription('whisper-1'), audio: mp3(3) });
    expect([text, segments.length]).toEqual([TEXT, 2]);
  });

  it('the same key and parts give the first answer, whatever boundary a client put between them', async () => {
    const headers = { 'idempotency-key': 'harbor-once' };
    const first = await ask({ model: 'whisper-1', file: sound() }, headers);
    const before = provider.requests.length;
    const second = await ask({ model: 'whisper-1', file: sound() }, headers);
    expect(await second.text()).toBe(await first.text());
    expect([second.headers.get('idempotency-replayed'), provider.requests.length]).toEqual(['true', before]);
    const other = await ask({ model: 'whisper-1', language: 'en', file: sound() }, headers);
    expect([other.status, await other.text()]).toEqual([422, like(/idempotency_mismatch/)]);
  });

  it.each<[string, Record<string, string | Blob>, RegExp]>([
    ['no file', { file: 'words' }, /file/],
    ['a file that is no recording', { file: new File(['words, words'], 'a.wav') }, /file: got bytes that are no recording/],
    [
      'a format the model does not make',
      { model: 'gpt-4o-transcribe', response_format: 'srt' },
      /response_format: got srt, want one of json, text/,
    ],
    ['a stream of a model that has none', { stream: 'true' }, /stream \(openai\/whisper-1 does not take it/],
    ['a member that nobody knows', { translate: 'yes' }, /translate/],
    ['a temperature that is none', { temperature: '7' }, /temperature/],
    ['times without segments', { 'timestamp_granularities[]': 'word' }, /timestamp_granularities/],
    ['a model that makes texts', { model: 'gpt-4o' }, /there is no transcription model 'gpt-4o'/],
  ])('%s is refused by name, and costs nothing', async (_, more, words) => {
    const before = provider.requests.length;
    const answer = await ask({ model: 'whisper-1', file: sound(), ...more });
    expect([answer.status, await answer.text()]).toEqual([400, like(words)]);
    expect(provider.requests).toHaveLength(before);
  });

  it('JSON where a form is wanted, a form where JSON is, and a form that is cut off are refused by name', async () => {
    const json = await server.ask('/v1/audio/transcriptions', { key, body: { model: 'whisper-1' } });
    expect([json.status, json.text]).toEqual([415, like(/want multipart\/form-data/)]);
    const form = new FormData();
    form.append('input', 'x');
    const headers = { authorization: `Bearer ${key}` };
    const wrong = await fetch(`${server.url}/v1/embeddings`, { method: 'POST', headers, body: form });
    expect([wrong.status, await wrong.text()]).toEqual([415, like(/want application\/json/)]);
    const cut = await fetch(`${server.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper',
    });
    expect([cut.status, await cut.text()]).toEqual([400, like(/the form cannot be read/)]);
  });

  it('a recording that is more than what is left is refused before it is sent, and the books balance', async () => {
    const pro = await server.workspace('PRO', { overrides: { quotas: { audio_seconds_month: 2 } } });
    const before = provider.requests.length;
    const answer = await ask({ model: 'whisper-1', file: sound() }, { authorization: `Bearer ${pro.key}` });
    expect([answer.status, await answer.text()]).toEqual([429, like(/quota_exceeded/)]);
    expect(provider.requests).toHaveLength(before);
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });
});
