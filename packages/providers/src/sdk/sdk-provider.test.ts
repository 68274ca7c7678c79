import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Usage } from '@purser/money';
import type { OutputLimitName } from '../output-limit.ts';
import { type ProviderAnswer, type ProviderCall, ProviderError } from '../provider.ts';
import type { Misbehaviour } from '../standins/misbehaviour.ts';
import { type StandIn, startStandIn } from '../standins/stand-in.ts';
import { FAMILIES, type FamilyId } from './families.ts';
import { type ClosableProvider, sdkProvider } from './sdk-provider.ts';

const KEY = 'sk-very-secret-key-1234567890';

let standIn: StandIn;
const open: ClosableProvider[] = [];

beforeAll(async () => {
  standIn = await startStandIn({ wait_ms: 30 });
});
afterAll(async () => {
  await Promise.all(open.map((provider) => provider.close()));
  await standIn.close();
});

const IDS: readonly FamilyId[] = ['gemini', 'openai', 'anthropic', 'ollama'];

function providerOf(id: FamilyId, output_limit?: OutputLimitName): ClosableProvider {
  const provider = sdkProvider({
    id,
    family: FAMILIES[id],
    api_key: KEY,
    base_url: addresses()[id],
    ...(output_limit === undefined ? {} : { output_limit }),
    limits: { body_timeout_ms: 2_000 },
  });
  open.push(provider);
  return provider;
}

function addresses(): Record<FamilyId, string> {
  const { gemini_url, openai_url, anthropic_url } = standIn;
  return {
    gemini: gemini_url,
    gemini_free: gemini_url,
    openai: openai_url,
    anthropic: anthropic_url,
    ollama: openai_url,
    openai_compatible: openai_url,
  };
}

function callOf(provider: string, misbehaviour: Misbehaviour, more: Partial<ProviderCall> = {}): ProviderCall {
  return {
    provider,
    model: `standin-${misbehaviour}`,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Who keeps the money on a ship?' },
    ],
    output_tokens_max: 40,
    signal: new AbortController().signal,
    ...more,
  };
}

async function streamed(
  provider: ClosableProvider,
  call: ProviderCall,
): Promise<{ text: string; answer: ProviderAnswer | null }> {
  let text = '';
  let answer: ProviderAnswer | null = null;
  for await (const event of provider.stream(call)) {
    if (event.type === 'text') text += event.text;
    else if (event.type === 'end') answer = event.answer;
  }
  return { text, answer };
}

/** The usage that is the bill; null when the answer has none. */
function billOf(answer: ProviderAnswer | null): Usage | null {
  return answer?.usage.certainty === 'final' ? answer.usage.usage : null;
}

async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}

describe.each(IDS)('%s over its own wire format', (id) => {
  test('answers whole and streaming with the same text and the same normalised usage', async () => {
    const provider = providerOf(id);
    const whole = await provider.generate(callOf(id, 'honest'));
    const stream = await streamed(provider, callOf(id, 'honest'));
    expect(whole.text).toMatch(/^a purser keeps the money/u);
    expect(stream.text.trim()).toBe(whole.text.trim());
    expect(stream.answer?.text).toBe(stream.text);
    for (const answer of [whole, stream.answer]) {
      expect(answer).toMatchObject({ finish: 'stop', offline: false, model: { provider: id, name: 'standin-honest' } });
      expect(answer?.request_id).toMatch(/^standin-/u);
      const usage = billOf(answer);
      expect(usage?.output_tokens).toBe(12);
      expect(usage?.cached_input_tokens).toBe(Math.floor((usage?.input_tokens ?? 0) / 2));
      if (id !== 'anthropic') expect(usage?.reasoning_tokens).toBe(3);
    }
  });

  test('sends the output limit, the key and the messages, and asks once', async () => {
    const before = standIn.requests.length;
    await providerOf(id).generate(callOf(id, 'honest', { output_tokens_max: 7, settings: { temperature: 0.5 }, user: 'user-1' }));
    const [seen, ...more] = standIn.requests.slice(before);
    expect(more).toEqual([]);
    const body = JSON.stringify(seen?.body);
    expect(body).toMatch(/"(?:max_tokens|max_completion_tokens|maxOutputTokens)":7/u);
    expect(body).toContain('Who keeps the money on a ship?');
    expect(body).toContain('Be brief.');
    expect(body).toContain('0.5');
    expect(JSON.stringify(seen?.headers)).toContain(KEY);
    if (id !== 'gemini') expect(body).toContain('user-1');
  });

  test('every setting that it says it honours leaves with its value, under the name of its protocol', async () => {
    const all = { temperature: 0.5, top_k: 7, seed: 9, frequency_penalty: 0.25, presence_penalty: 0.75, stop: ['END', '###'] };
    const provider = providerOf(id);
    const settings = Object.fromEntries(Object.entries(all).filter(([name]) => provider.honours.has(name)));
    const before = standIn.requests.length;
    await provider.generate(callOf(id, 'honest', { settings }));
    const body = JSON.stringify(standIn.requests.slice(before)[0]?.body);
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(['temperature', 'stop']));
    for (const value of Object.values(settings)) expect(body).toContain(JSON.stringify(value));
  });

  test('says the output limit under one name alone, the one its servers keep or the one it was told, whatever the model', async () => {
    const name = FAMILIES[id].output_limit;
    if (name === null) return;
    const other = name === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
    for (const told of [undefined, name, other] as const) {
      for (const model of ['gpt-4o', 'gpt-5.1', 'o3', 'llama3.2']) {
        const provider = providerOf(id, told);
        await provider.generate(callOf(id, 'honest', { model, output_tokens_max: 7 }));
        await streamed(provider, callOf(id, 'honest', { model, output_tokens_max: 7 }));
        for (const { body } of standIn.requests.slice(-2)) {
          expect([body[told ?? name], body[(told ?? name) === name ? other : name]]).toEqual([7, undefined]);
        }
      }
    }
  });

  test('an answer cut by the limit says so', async () => {
    const answer = await providerOf(id).generate(callOf(id, 'honest', { output_tokens_max: 5 }));
    expect(answer).toMatchObject({ finish: 'length', usage: { certainty: 'final', usage: { output_tokens: 5 } } });
  });

  test('more tokens than asked are reported as they are', async () => {
    const answer = await providerOf(id).generate(callOf(id, 'too_many_tokens', { output_tokens_max: 5 }));
    expect(billOf(answer)?.output_tokens).toBe(15);
  });

  test('duplicate usage counts once, the last report of the stream', async () => {
    const { answer } = await streamed(providerOf(id), callOf(id, 'duplicate_usage'));
    expect(billOf(answer)?.output_tokens).toBe(12);
  });

  test('absent usage is none, never zero', async () => {
    const provider = providerOf(id);
    expect((await provider.generate(callOf(id, 'no_usage'))).usage).toEqual({ certainty: 'none' });
    expect((await streamed(provider, callOf(id, 'no_usage'))).answer?.usage).toEqual({ certainty: 'none' });
  });

  test.each(['negative_usage', 'huge_usage', 'fractional_usage'] as const)('%s is no bill', async (misbehaviour) => {
    const provider = providerOf(id);
    expect(billOf(await provider.generate(callOf(id, misbehaviour)))).toBeNull();
    expect(billOf((await streamed(provider, callOf(id, misbehaviour))).answer)).toBeNull();
  });

  test.each([
    ['rate_limited', 'rate_limited', 'no', 429],
    ['server_error', 'unavailable', 'unknown', 500],
    ['overloaded', 'unavailable', 'no', 503],
    ['unauthorised', 'refused', 'no', 401],
  ] as const)('%s becomes %s, billed: %s', async (misbehaviour, kind, billed, status) => {
    const provider = providerOf(id);
    const before = standIn.requests.length;
    const ways = [() => provider.generate(callOf(id, misbehaviour)), () => streamed(provider, callOf(id, misbehaviour))];
    for (const way of ways) {
      const error = await failureOf(way());
      expect(error).toMatchObject({ kind, billed, status, provider: id, retryable: kind !== 'refused' });
      expect(error.retry_after_ms).toBe(status === 429 ? 2000 : undefined);
    }
    expect(standIn.requests.length - before, 'no hidden retry').toBe(2);
  });

  test('a key never comes out of an error, though the provider repeats it', async () => {
    const error = await failureOf(providerOf(id).generate(callOf(id, 'unauthorised')));
    const everything = `${error.message} ${String(error.cause)} ${JSON.stringify(error)} ${error.stack}`;
    expect(everything).not.toContain(KEY);
    expect(everything).not.toContain(KEY.slice(0, 12));
    expect(String(error.cause)).toContain('Incorrect API key provided');
  });

  test('garbage is told apart from an answer', async () => {
    const provider = providerOf(id);
    expect(await failureOf(provider.generate(callOf(id, 'garbage')))).toMatchObject({ kind: 'garbage', billed: 'unknown' });
    expect(await failureOf(streamed(provider, callOf(id, 'garbage')))).toMatchObject({ kind: 'garbage', billed: 'unknown' });
  });

  test('a connection cut in the middle may have been billed, and what was delivered is kept', async () => {
    const provider = providerOf(id);
    expect(await failureOf(provider.generate(callOf(id, 'cut_off')))).toMatchObject({ kind: 'unavailable', billed: 'unknown' });
    const error = await failureOf(streamed(provider, callOf(id, 'cut_off')));
    expect(error).toMatchObject({ kind: 'unavailable', billed: 'unknown' });
    expect(error.delivered).toMatch(/^a purser /u);
  });

  test('a stream that ends early or turns into an error is no answer', async () => {
    const provider = providerOf(id);
    for (const misbehaviour of ['early_end', 'error_in_stream'] as const) {
      const error = await failureOf(streamed(provider, callOf(id, misbehaviour)));
      expect(error.billed).toBe('unknown');
      expect(error.delivered).toMatch(/^a purser /u);
    }
  });

  test('whatever fails once the answer has begun keeps the provider’s own name for the call', async () => {
    const provider = providerOf(id);
    for (const misbehaviour of ['garbage', 'cut_off', 'error_in_stream', 'early_end'] as const) {
      const error = await failureOf(streamed(provider, callOf(id, misbehaviour)));
      expect(error.request_id, misbehaviour).toBe(`standin-${standIn.requests.length}`);
    }
    expect((await failureOf(provider.generate(callOf(id, 'cut_off')))).request_id).toBe(`standin-${standIn.requests.length}`);
  });

  test('the time limit ends a call that hangs, before or in the middle of its answer, and closes the connection', async () => {
    const provider = providerOf(id);
    for (const misbehaviour of ['hang', 'hang_mid_stream'] as const) {
      const signal = AbortSignal.timeout(80);
      const error = await failureOf(streamed(provider, callOf(id, misbehaviour, { signal })));
      expect(error).toMatchObject({ kind: 'timeout', billed: 'unknown' });
      const seen = standIn.requests.at(-1);
      await expect.poll(() => seen?.client_left).toBe(true);
    }
  });

  test('a reader that leaves closes the connection', async () => {
    for await (const event of providerOf(id).stream(callOf(id, 'drip'))) {
      expect(event.type).toBe('text');
      break;
    }
    const seen = standIn.requests.at(-1);
    await expect.poll(() => seen?.client_left).toBe(true);
  });

  test('slow answers are answers', async () => {
    expect((await providerOf(id).generate(callOf(id, 'slow'))).finish).toBe('stop');
    expect((await streamed(providerOf(id), callOf(id, 'drip'))).answer?.finish).toBe('stop');
  });
});

test('a provider that cannot be reached has billed nothing', async () => {
  const gone = await startStandIn();
  await gone.close();
  const provider = sdkProvider({ id: 'openai', family: FAMILIES.openai, api_key: KEY, base_url: gone.openai_url });
  expect(await failureOf(provider.generate(callOf('openai', 'honest')))).toMatchObject({ kind: 'unavailable', billed: 'no' });
  await provider.close();
});

test('embeddings come in order, with the provider’s usage or null', async () => {
  const provider = providerOf('openai');
  const signal = new AbortController().signal;
  const answer = await provider.embed?.({ provider: 'openai', model: 'standin-honest', inputs: ['four', 'seven!!'], signal });
  expect(answer?.vectors.map((vector) => [...vector])).toEqual([
    [1, 0, 0],
    [1, 0, 1],
  ]);
  expect(answer?.usage).toEqual({ input_tokens: 3, output_tokens: 0 });
  const silent = await provider.embed?.({ provider: 'openai', model: 'standin-no_usage', inputs: ['four'], signal });
  expect(silent?.usage).toBeNull();
});

test.each(['openai', 'ollama'] as const)('%s: vectors are the same whether they come as decimals or as bytes', async (id) => {
  const call = { provider: id, model: 'standin-honest', inputs: ['four', 'seven!!'], signal: new AbortController().signal };
  expect((await providerOf(id).embed?.(call))?.vectors.map((vector) => [...vector])).toEqual([
    [1, 0, 0],
    [1, 0, 1],
  ]);
  expect(standIn.requests.at(-1)?.body).toMatchObject({ encoding_format: id === 'openai' ? 'base64' : 'float' });
});

test('an answer to a call without an output limit that is longer than is read closes no model', async () => {
  const provider = sdkProvider({
    id: 'openai',
    family: FAMILIES.openai,
    api_key: KEY,
    base_url: standIn.openai_url,
    limits: { body_bytes_max: 64 },
  });
  const call = { provider: 'openai', model: 'standin-honest', inputs: ['four'], signal: new AbortController().signal };
  const embedded = provider.embed?.(call) ?? Promise.reject(new Error('it embeds'));
  expect(await failureOf(embedded)).toMatchObject({ kind: 'garbage', billed: 'unknown', overlong: false });
  await provider.close();
});

test('images come as bytes, as many as were drawn; their tokens are not counted beside their price; without a report they are the least', async () => {
  const provider = providerOf('openai');
  const call = {
    provider: 'openai',
    prompt: 'A lighthouse',
    count: 2,
    size: '1024x1024',
    quality: 'low',
    references: [],
  } as const;
  const signal = new AbortController().signal;
  const answer = await provider.draw?.({ ...call, model: 'standin-honest', signal });
  expect(answer?.images.map((image) => Buffer.from(image).subarray(1, 4).toString())).toEqual(['PNG', 'PNG']);
  const images = [{ size: '1024x1024', quality: 'low', count: 2 }];
  expect(answer?.usage).toEqual({ certainty: 'final', usage: { input_tokens: 3, output_tokens: 0, images } });
  const silent = await provider.draw?.({ ...call, model: 'standin-no_usage', signal });
  expect(silent?.usage).toEqual({ certainty: 'at_least', usage: { input_tokens: 0, output_tokens: 0, images } });
  const refused = provider.draw?.({ ...call, model: 'standin-server_error', signal }) ?? Promise.reject(new Error('it draws'));
  expect(await failureOf(refused)).toMatchObject({ kind: 'unavailable' });
});

test('a continuation that the Gemini client would fetch behind our back is not fetched: one call is one request', async () => {
  let requests = 0;
  const part = {
    candidates: [
      {
        content: { parts: [{ text: 'the first half' }], role: 'model' },
        finishReason: 'CONTINUATION',
        continuationToken: 'more',
      },
    ],
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, totalTokenCount: 8 },
  };
  const server = createServer((request, response) => {
    requests += 1;
    request.resume().on('end', () => {
      const streams = request.url?.includes('streamGenerateContent') === true;
      response.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
      response.end(streams ? `data: ${JSON.stringify(part)}\n\n` : JSON.stringify(part));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1beta`;
  const provider = sdkProvider({ id: 'gemini', family: FAMILIES.gemini, api_key: KEY, base_url });
  const usage = { input_tokens: 5, output_tokens: 3 };

  expect(await provider.generate(callOf('gemini', 'honest'))).toMatchObject({ text: 'the first half', finish: 'length' });
  expect(requests).toBe(1);
  const { text, answer } = await streamed(provider, callOf('gemini', 'honest'));
  expect(text).toBe('the first half');
  expect(answer).toMatchObject({ finish: 'length', usage: { certainty: 'final', usage } });
  expect(requests).toBe(2);
  await provider.close();
  server.close();
});

test('a value that a protocol does not take is refused by name, and nothing is sent', async () => {
  const before = standIn.requests.length;
  const asked = providerOf('anthropic').generate(callOf('anthropic', 'honest', { settings: { temperature: 1.5 } }));
  const refused = await asked.catch((error: unknown) => error);
  expect(refused).toMatchObject({ kind: 'refused', billed: 'no', status: 400 });
  expect(String((refused as Error).cause)).toMatch(/temperature: .* does not take 1\.5/u);
  expect(standIn.requests.length).toBe(before);
});
