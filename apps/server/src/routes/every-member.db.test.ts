import { type StandIn, startStandIn } from '@purser/providers/standins';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

/*
 * Nothing is left out in silence: whatever members a request has, each of them reached the provider by a value that nothing else has, or the
 * request is refused by the name of one. Members are those of the vendors' published references, and some that nobody knows.
 */

const MODELS = ['gpt-4o-mini', 'claude-haiku-4-5', 'gemini-2.5-flash', 'gemini-3-flash-preview', 'qwen3'] as const;

interface Member {
  readonly name: string;
  readonly value: unknown;
  /** What of it must be found in the request that the provider gets; absent: it is for us alone, or says what is usual anyway. */
  readonly mark?: string | RegExp;
}

const schema = {
  type: 'object',
  properties: { markedProperty: { type: 'string' } },
  required: ['markedProperty'],
  additionalProperties: false,
};
const EFFORT = /"reasoning_effort":"low"|"effort":"low"|"thinkingBudget":1024|"thinkingLevel":"LOW"/u;

const CHAT: readonly Member[] = [
  { name: 'temperature', value: 0.375, mark: '0.375' },
  { name: 'top_p', value: 0.625, mark: '0.625' },
  { name: 'top_k', value: 37, mark: ':37' },
  { name: 'min_p', value: 0.0625, mark: '0.0625' },
  { name: 'frequency_penalty', value: 0.875, mark: '0.875' },
  { name: 'presence_penalty', value: 0.125, mark: '0.125' },
  { name: 'repetition_penalty', value: 1.125, mark: '1.125' },
  { name: 'seed', value: 424_242, mark: '424242' },
  { name: 'stop', value: ['MARKED STOP'], mark: 'MARKED STOP' },
  { name: 'logit_bias', value: { 50_256: -77 }, mark: '-77' },
  { name: 'logprobs', value: true, mark: '"logprobs":true' },
  { name: 'reasoning_effort', value: 'low', mark: EFFORT },
  { name: 'verbosity', value: 'low', mark: '"verbosity":"low"' },
  { name: 'store', value: true, mark: '"store":true' },
  { name: 'metadata', value: { marked: 'meta' }, mark: '"marked":"meta"' },
  { name: 'prompt_cache_key', value: 'marked-cache', mark: 'marked-cache' },
  { name: 'safety_identifier', value: 'marked-safety', mark: 'marked-safety' },
  { name: 'response_format', value: { type: 'json_schema', json_schema: { name: 'shape', schema } }, mark: 'markedProperty' },
  {
    name: 'tools',
    value: [{ type: 'function', function: { name: 'markedTool', parameters: { type: 'object', properties: {} } } }],
    mark: 'markedTool',
  },
  { name: 'functions', value: [{ name: 'markedFunction' }], mark: 'markedFunction' },
  { name: 'audio', value: { voice: 'marked' }, mark: '"voice":"marked"' },
  { name: 'modalities', value: ['text', 'audio'], mark: '"audio"' },
  { name: 'prediction', value: { type: 'content', content: 'marked prediction' }, mark: 'marked prediction' },
  { name: 'web_search_options', value: { search_context_size: 'low' }, mark: 'search_context_size' },
  { name: 'service_tier', value: 'priority', mark: '"priority"' },
  { name: 'n', value: 3, mark: '"n":3' },
  { name: 'made_up', value: 'marked', mark: '"made_up":"marked"' },
  { name: 'user', value: 'ada' },
  { name: 'max_tokens', value: 77, mark: ':77' },
  { name: 'temperature', value: null },
  { name: 'tools', value: [] },
  { name: 'logprobs', value: false },
];

const RESPONSES: readonly Member[] = [
  { name: 'temperature', value: 0.375, mark: '0.375' },
  { name: 'top_p', value: 0.625, mark: '0.625' },
  { name: 'instructions', value: 'Marked instructions.', mark: 'Marked instructions.' },
  { name: 'max_output_tokens', value: 77, mark: ':77' },
  { name: 'reasoning', value: { effort: 'low' }, mark: EFFORT },
  { name: 'reasoning', value: { summary: 'auto' }, mark: '"summary"' },
  { name: 'text', value: { format: { type: 'json_schema', name: 'shape', schema } }, mark: 'markedProperty' },
  { name: 'text', value: { verbosity: 'low' }, mark: '"verbosity":"low"' },
  {
    name: 'tools',
    value: [{ type: 'function', name: 'markedTool', parameters: { type: 'object', properties: {} } }],
    mark: 'markedTool',
  },
  { name: 'tools', value: [{ type: 'web_search' }], mark: 'web_search' },
  { name: 'previous_response_id', value: 'resp_marked', mark: 'resp_marked' },
  { name: 'conversation', value: 'conv_marked', mark: 'conv_marked' },
  { name: 'background', value: true, mark: '"background":true' },
  { name: 'truncation', value: 'auto', mark: '"truncation"' },
  { name: 'top_logprobs', value: 7, mark: ':7' },
  { name: 'include', value: ['message.output_text.logprobs'], mark: 'logprobs' },
  { name: 'max_tool_calls', value: 7, mark: ':7' },
  { name: 'prompt', value: { id: 'pmpt_marked' }, mark: 'pmpt_marked' },
  { name: 'prompt_cache_key', value: 'marked-cache', mark: 'marked-cache' },
  { name: 'safety_identifier', value: 'marked-safety', mark: 'marked-safety' },
  { name: 'context_management', value: [{ type: 'compaction' }], mark: 'compaction' },
  { name: 'service_tier', value: 'priority', mark: '"priority"' },
  { name: 'made_up', value: 'marked', mark: '"made_up":"marked"' },
  { name: 'store', value: false },
  { name: 'metadata', value: { marked: 'meta' } },
  { name: 'truncation', value: 'disabled' },
];

const MESSAGES: readonly Member[] = [
  { name: 'temperature', value: 0.375, mark: '0.375' },
  { name: 'top_p', value: 0.625, mark: '0.625' },
  { name: 'top_k', value: 37, mark: ':37' },
  { name: 'stop_sequences', value: ['MARKED STOP'], mark: 'MARKED STOP' },
  { name: 'system', value: 'Marked system.', mark: 'Marked system.' },
  {
    name: 'system',
    value: [{ type: 'text', text: 'Marked system.', cache_control: { type: 'ephemeral' } }],
    mark: '"cache_control"',
  },
  { name: 'thinking', value: { type: 'enabled', budget_tokens: 1111 }, mark: '1111' },
  { name: 'output_config', value: { effort: 'low' }, mark: EFFORT },
  { name: 'output_config', value: { format: { type: 'json_schema', schema } }, mark: 'markedProperty' },
  { name: 'tools', value: [{ name: 'markedTool', input_schema: { type: 'object', properties: {} } }], mark: 'markedTool' },
  { name: 'tools', value: [{ type: 'bash_20250124', name: 'bash' }], mark: 'bash' },
  { name: 'container', value: 'marked', mark: '"container"' },
  { name: 'cache_control', value: { type: 'ephemeral' }, mark: '"cache_control"' },
  { name: 'inference_geo', value: 'us', mark: '"us"' },
  { name: 'speed', value: 'fast', mark: '"fast"' },
  { name: 'service_tier', value: 'priority', mark: '"priority"' },
  { name: 'mcp_servers', value: [{ url: 'https://marked.example' }], mark: 'marked.example' },
  { name: 'context_management', value: { edits: [] }, mark: 'edits' },
  { name: 'made_up', value: 'marked', mark: '"made_up":"marked"' },
  { name: 'metadata', value: { user_id: 'ada' } },
  { name: 'service_tier', value: 'auto' },
  { name: 'container', value: null },
];

const CALLS_A_WORKSPACE = 40;

const WIRES = [
  { path: '/v1/chat/completions', members: CHAT, base: { messages: [{ role: 'user', content: 'Hi' }] } },
  { path: '/v1/responses', members: RESPONSES, base: { input: 'Hi' } },
  { path: '/v1/messages', members: MESSAGES, base: { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 99 } },
] as const;

describe('every member of a request', () => {
  let standIn: StandIn;
  let server: TestServer;
  let key = '';
  let calls = 0;
  beforeAll(async () => {
    standIn = await startStandIn({ judges: true });
    server = await startTestServer({
      ANTHROPIC_API_KEY: 'sk-ant-test-0123456789',
      ANTHROPIC_BASE_URL: standIn.anthropic_url,
      GEMINI_API_KEY: 'AIza-test-0123456789',
      GEMINI_BASE_URL: standIn.gemini_url,
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: standIn.openai_url,
      OLLAMA_BASE_URL: standIn.openai_url,
    });
  });
  afterAll(async () => {
    await server.close();
    await standIn.close();
  });

  /** What was left out in silence, in words; undefined: nothing. */
  const leftOut = async (path: string, base: object, model: string, members: readonly Member[]): Promise<string | undefined> => {
    // Each workspace has its rate, and each user may be wrong so often.
    if (calls++ % CALLS_A_WORKSPACE === 0) ({ key } = await server.workspace('BUSINESS'));
    const before = standIn.requests.length;
    const body = { model, ...base, ...Object.fromEntries(members.map(({ name, value }) => [name, value])) };
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'purser-user': `user-${calls}` };
    const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    const told = `${path} ${model} ${JSON.stringify(members)} -> ${response.status} ${text.slice(0, 300)}`;
    if (response.status === 400 && members.some(({ name }) => text.includes(name))) return undefined;
    if (response.status !== 200 || standIn.requests.length !== before + 1) return told;
    const sent = JSON.stringify(standIn.requests.at(-1)?.body);
    const missing = members.find(
      ({ mark }) => mark !== undefined && !(typeof mark === 'string' ? sent.includes(mark) : mark.test(sent)),
    );
    return missing && `${missing.name} is missing in ${sent}; ${told}`;
  };

  it.each(WIRES.flatMap((wire) => MODELS.map((model) => [wire.path, model, wire] as const)))(
    'by %s alone before %s reaches the provider, or is refused by its name',
    async (path, model, { members, base }) => {
      for (const member of members) expect(await leftOut(path, base, model, [member])).toBeUndefined();
    },
  );

  it('in any company reaches the provider, or one of them is refused by its name', async () => {
    const cases = fc.constantFrom(...WIRES).chain(({ path, members, base }) =>
      fc.record({
        path: fc.constant(path),
        base: fc.constant(base as object),
        model: fc.constantFrom(...MODELS),
        members: fc.uniqueArray(fc.constantFrom(...members), { selector: ({ name }) => name, minLength: 2, maxLength: 6 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ path, base, model, members }) => {
        expect(await leftOut(path, base, model, members)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
