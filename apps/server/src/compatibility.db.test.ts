import path from 'node:path';

import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';
import { AI_SDK } from './testing/compatibility/ai-sdk-drivers.ts';
import { anthropicMessages } from './testing/compatibility/anthropic-driver.ts';
import type { Driver, Reach, Told, Wish } from './testing/compatibility/driver.ts';
import { langChain } from './testing/compatibility/langchain-driver.ts';
import { openAiChat, openAiResponses } from './testing/compatibility/openai-drivers.ts';
import { type Recorder, startRecorder } from './testing/compatibility/recorder.ts';

/* `docs/compatibility.md` is made here: what is in its tables is what the newest official clients did, unmodified, a moment ago. */

const CLIENTS: readonly Driver[] = [openAiChat, openAiResponses, anthropicMessages, ...AI_SDK, langChain];
const FAMILIES = {
  OpenAI: 'gpt-4o-mini',
  Anthropic: 'claude-haiku-4-5',
  Gemini: 'gemini-3-flash-preview',
  Ollama: 'qwen3',
} as const;
const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
};
const SHAPED = { city: 'Paris', degrees: 21 };
const BOTH = ['weather', 'clock'];
const ASKED = { text: 'How warm is it in Paris, and which time is it there?' };

interface Feature {
  readonly name: string;
  readonly wish: Partial<Wish>;
  /** What of the wish must be found in the request that the provider gets. */
  readonly mark?: string | RegExp;
  /** Whether what came is what was asked for. */
  readonly holds: (told: Told) => boolean;
}

const marked = (text: string, mark: string | RegExp): boolean =>
  typeof mark === 'string' ? text.includes(mark) : mark.test(text);

const inWords = ({ text }: Told): boolean => text.startsWith('a purser');
const isShaped = ({ text }: Told): boolean => JSON.stringify(JSON.parse(text)) === JSON.stringify(SHAPED);
const calls =
  (names: readonly string[]) =>
  ({ calls: made }: Told): boolean =>
    JSON.stringify(made.map(({ name, input }) => [name, input])) ===
    JSON.stringify(names.map((name) => [name, { city: 'Paris' }]));

const FEATURES: readonly Feature[] = [
  { name: 'answer', wish: {}, holds: inWords },
  { name: 'stream', wish: { stream: true }, holds: inWords },
  { name: 'parallel tools', wish: { tools: BOTH }, holds: calls(BOTH) },
  { name: 'streamed tools', wish: { tools: BOTH, stream: true }, holds: calls(BOTH) },
  { name: 'named tool', wish: { tools: BOTH, choice: 'clock' }, holds: calls(['clock']) },
  { name: 'JSON schema', wish: { schema: SCHEMA }, holds: isShaped },
  { name: 'streamed JSON', wish: { schema: SCHEMA, stream: true }, holds: isShaped },
  {
    name: 'picture by URL',
    wish: { picture: 'https://pictures.example/harbour.png' },
    mark: 'https://pictures.example/harbour.png',
    holds: inWords,
  },
  {
    name: 'picture in request',
    wish: { picture: PIXEL },
    mark: PIXEL.slice(22),
    holds: inWords,
  },
  { name: 'temperature', wish: { temperature: 0.375 }, mark: '0.375', holds: inWords },
  { name: 'stop', wish: { stop: 'MARKED STOP' }, mark: 'MARKED STOP', holds: inWords },
  {
    name: 'effort',
    wish: { effort: 'low' },
    mark: /"reasoning_effort":"low"|"effort":"low"|"thinkingLevel":"LOW"/u,
    holds: inWords,
  },
];

let standIn: StandIn;
let busy: StandIn;
let server: TestServer;
/** Two, as one would keep from a model that fails so often. */
let limited: readonly TestServer[] = [];
let recorder: Recorder;
/** Cells that are neither what was asked for nor a refusal by name. */
const failures: string[] = [];
beforeAll(async () => {
  [standIn, busy] = await Promise.all([startStandIn({ judges: true }), startStandIn({ misbehaviour: 'rate_limited' })]);
  server = await startTestServer(settingsOf(standIn));
  limited = await Promise.all([startTestServer(settingsOf(busy)), startTestServer(settingsOf(busy))]);
  recorder = await startRecorder(server.url);
});
afterAll(async () => {
  await recorder.close();
  await Promise.all([server, ...limited].map((one) => one.close()));
  await Promise.all([standIn.close(), busy.close()]);
});

function settingsOf({ openai_url, gemini_url, anthropic_url }: StandIn): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: 'sk-ant-test-0123456789',
    ANTHROPIC_BASE_URL: anthropic_url,
    GEMINI_API_KEY: 'AIza-test-0123456789',
    GEMINI_BASE_URL: gemini_url,
    OPENAI_API_KEY: 'sk-test-0123456789',
    OPENAI_BASE_URL: openai_url,
    OLLAMA_BASE_URL: openai_url,
  };
}

const reachOf = async (of: TestServer): Promise<Reach> => ({
  url: of === server ? recorder.url : of.url,
  key: (await of.workspace('BUSINESS')).key,
});

/** `yes`, what the client cannot say, or the member that was refused by name. Anything else is a failure of the test. */
async function cell(driver: Driver, model: string, { wish, mark, holds }: Feature, reach: Reach): Promise<string> {
  try {
    const told = await driver.ask(reach, { model, stream: false, ...ASKED, ...wish });
    if (told === undefined) return '–';
    // What the client leaves out by itself, because of the model's name, it has no word for.
    if (mark !== undefined && !marked(recorder.last(), mark)) return '–';
    const sent = JSON.stringify(standIn.requests.at(-1)?.body);
    const reached = mark === undefined || marked(sent, mark);
    if (!reached || !holds(told)) failures.push(`${driver.name} ${model} ${JSON.stringify({ wish, told, sent })}`);
    return 'yes';
  } catch (error) {
    const { status, statusCode } = error as { status?: number; statusCode?: number };
    const [, member] = /([\w.]+) \(\S+ does not take it here/u.exec((error as Error).message) ?? [];
    if ((status ?? statusCode) !== 400 || member === undefined)
      failures.push(`${driver.name} ${model} ${JSON.stringify(wish)} ${String(error)}`);
    return `no: \`${member}\``;
  }
}

/** Calls of tools, what they answered in the history, and an answer in words. */
async function loops(driver: Driver, model: string, reach: Reach): Promise<string> {
  const first = await driver.ask(reach, { model, stream: false, ...ASKED, tools: BOTH });
  const results = (first?.calls ?? []).map((call) => ({ ...call, answered: '21' }));
  const then = await driver.ask(reach, { model, stream: true, ...ASKED, tools: BOTH, results });
  if (results.length !== 2 || then === undefined || !inWords(then))
    failures.push(`${driver.name} ${model} ${JSON.stringify(then)}`);
  return 'yes';
}

/** A provider's 429 reaches the client as what it is, with the provider's words. */
async function isToldLimits(driver: Driver, model: string, reach: Reach): Promise<string> {
  const error: unknown = await driver.ask(reach, { model, stream: false, ...ASKED }).catch((thrown: unknown) => thrown);
  const { status, statusCode, message } = error as { status?: number; statusCode?: number; message: string };
  if ((status ?? statusCode) !== 429 || !message.includes('too many requests'))
    failures.push(`${driver.name} ${model} ${String(error)}`);
  return 'yes';
}

test(
  'the tables of docs/compatibility.md are what the newest official clients do before every family',
  { timeout: 300_000 },
  async () => {
    const tables: string[] = [];
    for (const [family, model] of Object.entries(FAMILIES)) {
      const head = ['client', ...FEATURES.map(({ name }) => name), 'results in history', 'provider’s 429'];
      const rows = [head, head.map(() => '---')];
      for (const [index, driver] of CLIENTS.entries()) {
        const reach = await reachOf(server);
        const row = [driver.name];
        for (const feature of FEATURES) row.push(await cell(driver, model, feature, reach));
        row.push(await loops(driver, model, reach));
        row.push(await isToldLimits(driver, model, await reachOf(limited[index % limited.length] ?? server)));
        rows.push(row);
      }
      tables.push(`## ${family} (\`${model}\`)\n\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`);
    }
    expect(failures).toEqual([]);
    const file = path.resolve(import.meta.dirname, '..', '..', '..', 'docs', 'compatibility.md');
    await expect(`${HEAD}\n${tables.join('\n')}`).toMatchFileSnapshot(file);
  },
);

const HEAD = `# Clients, features and providers

Made by \`apps/server/src/compatibility.db.test.ts\`: each cell is what the newest official client did, unmodified but for its base URL and key, before a stand-in of the provider that refuses what the vendor’s published reference does not allow. \`yes\`: it works, and reached the provider. \`no\` names the member that the family has no word for: a 400, and nothing is spent. \`–\`: the client has no word for it. \`every-member.db.test.ts\` tries every member of the three formats, alone and in random company.

What is translated, and how:

- **Pictures** are fetched by the provider, never by Purser. What they cost at most is held by the provider’s published rule at its largest; where there is none, the model’s whole context.
- **JSON of any shape** is, with Anthropic, a forced call of a tool whose input is the answer. **JSON by a schema** is each provider’s own structured output.
- **One call of a tool at a time** is kept for Gemini by leaving out the later calls of an answer; the model makes them again once it knows what the first one answered.
- **How much a model thinks**: \`minimal\` is Anthropic’s \`low\`, \`none\` is thinking turned off; before Gemini’s third generation an effort is a budget of tokens, as Google’s own endpoint in OpenAI’s format has it.
- **Gemini’s mark of its reasoning** travels in the ids of calls of tools, and is taken off for all other providers.
- **Responses**: items may be named by their ids for an hour on the server that answered (\`store: false\` makes clients send them); \`previous_response_id\`, \`conversation\` and tools that a provider runs are refused by name.
`;
