import type { CallSettings, ChatRequest } from '@purser/providers';

import type { OpenAiChatBody } from '../../../gate.ts';
import type { Asked, ChatInput } from '../chat-input.ts';
import { formatOf, toolChoiceOf, toolsOf } from './members.ts';
import { messageOf } from './messages.ts';

/** What becomes of a body in OpenAI's format before a provider that speaks another one. Nothing of it is left out in silence. */

/** Members that every provider is served by: they are read here, or hold for us alone. */
const OURS = new Set(
  'model models messages stream stream_options max_tokens max_completion_tokens n user service_tier modalities'.split(' '),
);

/** What a member means when it is left out: saying so is saying nothing. */
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  temperature: ['1'],
  top_p: ['1'],
  frequency_penalty: ['0'],
  presence_penalty: ['0'],
  repetition_penalty: ['1'],
  min_p: ['0'],
  logprobs: ['false'],
  top_logprobs: ['0'],
  logit_bias: ['{}'],
  metadata: ['{}'],
  store: ['false'],
  verbosity: ['"medium"'],
  response_format: ['{"type":"text"}'],
  function_call: ['"auto"', '"none"'],
  parallel_tool_calls: ['true'],
};

/** Without tools there is nothing to choose. */
const WITHOUT_TOOLS: Readonly<Record<string, readonly string[]>> = {
  tool_choice: ['"auto"', '"none"'],
  parallel_tool_calls: ['true', 'false'],
};

/** Members with a neutral word of the same name. */
const NUMBERS = ['temperature', 'top_p', 'top_k', 'seed', 'frequency_penalty', 'presence_penalty'] as const;
const WORDS = ['reasoning_effort', 'verbosity'] as const;

const known = new WeakMap<OpenAiChatBody, ChatInput>();

/** The same chat in no provider's words, and what of it not every provider does. Read once, for every provider that is thought of. */
export function chatOf(body: OpenAiChatBody): ChatInput {
  let input = known.get(body);
  if (input === undefined) known.set(body, (input = translated(body)));
  return input;
}

function translated(body: OpenAiChatBody): ChatInput {
  const asked: Asked[] = [];
  const tools = toolsOf(body, asked);
  const said = (member: string): boolean => isSaid(body, member, tools.length > 0);
  const format = said('response_format') ? formatOf(body['response_format'], asked) : undefined;
  const tool_choice = said('tool_choice') ? toolChoiceOf(body['tool_choice'], asked) : undefined;
  const one_by_one = said('parallel_tool_calls') && body['parallel_tool_calls'] === false;
  if (one_by_one) asked.push({ feature: 'sequential_tool_calls', member: 'parallel_tool_calls' });
  const messages = body.messages.map((message, index) => messageOf(message, `messages.${index}`, asked));
  const chat: ChatRequest = {
    messages,
    settings: settingsOf(body, asked, said),
    ...(tools.length > 0 && { tools }),
    ...(tool_choice !== undefined && { tool_choice }),
    ...(one_by_one && { parallel_tool_calls: false }),
    ...(format !== undefined && { format }),
  };
  for (const member of Object.keys(body)) {
    if (!OURS.has(member) && !READ.has(member) && said(member)) asked.push({ feature: member, member });
  }
  return { chat, asked, output_tokens_max: body.max_completion_tokens ?? body.max_tokens };
}

const READ: ReadonlySet<string> = new Set([
  ...NUMBERS,
  ...WORDS,
  'stop',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
]);

/** Whether a member says something: `null` and `[]` do not, and what is usual anyway does not. */
function isSaid(body: OpenAiChatBody, member: string, tools: boolean): boolean {
  const value = body[member];
  if (isUnset(value)) return false;
  const text = JSON.stringify(value);
  return !(tools ? undefined : WITHOUT_TOOLS[member])?.includes(text) && !DEFAULTS[member]?.includes(text);
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** How the caller wants words to be chosen, as far as it said; what is usual is left to the model. */
function settingsOf(body: OpenAiChatBody, asked: Asked[], said: (member: string) => boolean): CallSettings {
  const settings: { -readonly [name in keyof CallSettings]: CallSettings[name] } = {};
  for (const name of NUMBERS) if (said(name)) settings[name] = body[name] as number;
  for (const name of WORDS) if (said(name)) settings[name] = body[name] as string;
  const { stop } = body;
  if (said('stop')) settings.stop = Array.isArray(stop) ? stop.map(String) : [String(stop)];
  for (const name of Object.keys(settings)) asked.push({ feature: name, member: name });
  return settings;
}
