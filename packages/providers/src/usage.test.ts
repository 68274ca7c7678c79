import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { serviceTier, usageFromAnthropic, usageFromGoogle, usageFromOpenAi } from './usage.ts';

describe('OpenAI’s usage', () => {
  test.each([
    ['plain', { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }, { input_tokens: 10, output_tokens: 4 }],
    [
      'with details',
      {
        prompt_tokens: 10,
        completion_tokens: 4,
        prompt_tokens_details: { cached_tokens: 8, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
      { input_tokens: 10, output_tokens: 4, cached_input_tokens: 8, reasoning_tokens: 3 },
    ],
    [
      'DeepSeek’s cache',
      { prompt_tokens: 10, completion_tokens: 4, prompt_cache_hit_tokens: 6 },
      { input_tokens: 10, output_tokens: 4, cached_input_tokens: 6 },
    ],
    [
      'reasoning only in the total (xAI)',
      { prompt_tokens: 10, completion_tokens: 4, total_tokens: 114 },
      { input_tokens: 10, output_tokens: 104 },
    ],
    ['embeddings', { prompt_tokens: 10, total_tokens: 10 }, { input_tokens: 10, output_tokens: 0 }],
    ['real zeros', { prompt_tokens: 0, completion_tokens: 0 }, { input_tokens: 0, output_tokens: 0 }],
  ])('%s', (_, report, usage) => {
    expect(usageFromOpenAi(report)).toEqual(usage);
  });

  test.each([
    ['absent', undefined],
    ['null', null],
    ['empty', {}],
    ['only output', { completion_tokens: 4 }],
    ['only input', { prompt_tokens: 4 }],
    ['negative', { prompt_tokens: -1, completion_tokens: 4 }],
    ['fractional', { prompt_tokens: 1.5, completion_tokens: 4 }],
    ['absurd', { prompt_tokens: 1, completion_tokens: 4e15 }],
    ['NaN', { prompt_tokens: Number.NaN, completion_tokens: 4 }],
    ['more cached than read', { prompt_tokens: 4, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 5 } }],
    ['a total below its parts’ input', { prompt_tokens: 9, total_tokens: 4 }],
    ['text', 'ten tokens'],
    ['a list', [10, 4]],
  ])('%s is null, not zero', (_, report) => {
    expect(usageFromOpenAi(report)).toBeNull();
  });
});

describe('Gemini’s usage', () => {
  test('thoughts are output and stand beside the candidates; tool prompts are input', () => {
    const report = {
      promptTokenCount: 10,
      candidatesTokenCount: 4,
      thoughtsTokenCount: 6,
      toolUsePromptTokenCount: 2,
      totalTokenCount: 22,
      cachedContentTokenCount: 5,
    };
    expect(usageFromGoogle(report)).toEqual({ input_tokens: 12, output_tokens: 10, cached_input_tokens: 5, reasoning_tokens: 6 });
  });

  test('an answer without candidates still has its total', () => {
    expect(usageFromGoogle({ promptTokenCount: 10, totalTokenCount: 10 })).toEqual({ input_tokens: 10, output_tokens: 0 });
    expect(usageFromGoogle({ promptTokenCount: 10 })).toBeNull();
    expect(usageFromGoogle({ totalTokenCount: 10 })).toBeNull();
  });
});

describe('Anthropic’s usage', () => {
  test('its input leaves cached and written tokens out; ours is the total', () => {
    const report = { input_tokens: 3, cache_read_input_tokens: 5, cache_creation_input_tokens: 2, output_tokens: 7 };
    expect(usageFromAnthropic(report)).toEqual({
      input_tokens: 10,
      output_tokens: 7,
      cached_input_tokens: 5,
      cache_write_tokens: 2,
    });
  });

  test('of several steps the sum counts, not the last', () => {
    const step = (type: string, input_tokens: number, output_tokens: number) => ({ type, input_tokens, output_tokens });
    const iterations = [step('compaction', 100, 20), step('message', 30, 7), step('advisor_message', 999, 999)];
    expect(usageFromAnthropic({ input_tokens: 30, output_tokens: 7, iterations })).toEqual({
      input_tokens: 130,
      output_tokens: 27,
    });
  });

  test('one step without a report makes the whole unknown', () => {
    expect(usageFromAnthropic({ input_tokens: 3 })).toBeNull();
    const iterations = [{ type: 'message', input_tokens: 3 }];
    expect(usageFromAnthropic({ input_tokens: 3, output_tokens: 1, iterations })).toBeNull();
  });
});

test('whatever a provider reports, what comes out are whole, non-negative, coherent counts or null', () => {
  const counts = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null), fc.constant(undefined));
  const names = [
    'prompt_tokens',
    'completion_tokens',
    'total_tokens',
    'promptTokenCount',
    'candidatesTokenCount',
    'thoughtsTokenCount',
    'totalTokenCount',
    'input_tokens',
    'output_tokens',
    'cache_read_input_tokens',
  ];
  fc.assert(
    fc.property(fc.record(Object.fromEntries(names.map((name) => [name, counts]))), (report) => {
      for (const usage of [usageFromOpenAi(report), usageFromGoogle(report), usageFromAnthropic(report)]) {
        if (usage === null) continue;
        for (const value of Object.values(usage)) expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
        expect(usage.cached_input_tokens ?? 0).toBeLessThanOrEqual(usage.input_tokens);
        expect(usage.reasoning_tokens ?? 0).toBeLessThanOrEqual(usage.output_tokens);
      }
    }),
  );
});

describe('parts that have a price of their own', () => {
  test('OpenAI’s sound and searches', () => {
    const report = {
      prompt_tokens: 100,
      completion_tokens: 40,
      prompt_tokens_details: { audio_tokens: 60 },
      completion_tokens_details: { audio_tokens: 30 },
      num_search_queries: 2,
    };
    const parts = { audio_input_tokens: 60, audio_output_tokens: 30, web_searches: 2 };
    expect(usageFromOpenAi(report)).toEqual({ input_tokens: 100, output_tokens: 40, ...parts });
    expect(usageFromOpenAi({ ...report, completion_tokens_details: { audio_tokens: 41 } })).toBeNull();
  });

  test('Gemini’s sound, cached sound and pictures', () => {
    const report = {
      promptTokenCount: 100,
      candidatesTokenCount: 40,
      cachedContentTokenCount: 50,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 30 },
        { modality: 'AUDIO', tokenCount: 70 },
      ],
      cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 50 }],
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 40 }],
    };
    expect(usageFromGoogle(report)).toMatchObject({
      audio_input_tokens: 70,
      cached_audio_input_tokens: 50,
      image_output_tokens: 40,
    });
  });

  test('Anthropic’s cache of an hour and searches', () => {
    const report = {
      input_tokens: 10,
      output_tokens: 4,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      server_tool_use: { web_search_requests: 1 },
    };
    expect(usageFromAnthropic(report)).toEqual({
      input_tokens: 40,
      output_tokens: 4,
      cache_write_tokens: 30,
      cache_write_1h_tokens: 20,
      web_searches: 1,
    });
  });

  test('a service tier is what the provider says, and none when it is the standard one', () => {
    for (const standard of [undefined, null, 'default', 'standard', 'auto', 'on_demand', 'ON_DEMAND', '', 3]) {
      expect(serviceTier(standard)).toBeUndefined();
    }
    expect([serviceTier('priority'), serviceTier('FLEX')]).toEqual(['priority', 'flex']);
  });
});
