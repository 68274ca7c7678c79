import type { CallSettings } from '@purser/providers';

import type { ChatMessage, OpenAiChatBody } from '../../../gate.ts';

/** What becomes of a body in OpenAI's format before a provider that speaks another one. Nothing of it is left out in silence. */

/** Members that every provider is served by: they are read here, or hold for us alone. */
const OURS = new Set(
  'model messages stream stream_options max_tokens max_completion_tokens n user service_tier modalities'.split(' '),
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
  // Without tools there is nothing to choose.
  tool_choice: ['"auto"', '"none"'],
  function_call: ['"auto"', '"none"'],
  parallel_tool_calls: ['true', 'false'],
};

const NOTHING: ReadonlySet<string> = new Set();
const ROLES: Record<string, ChatMessage['role']> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
};

/** The first thing in a body that a provider could not be told, in words for the caller. `honoured`: the settings that it takes. */
export function untranslatable(body: OpenAiChatBody, honoured: ReadonlySet<string> = NOTHING): string | undefined {
  for (const [member, value] of Object.entries(body)) {
    if (OURS.has(member) || honoured.has(member) || isUnset(value)) continue;
    if (DEFAULTS[member]?.includes(JSON.stringify(value)) !== true) return member;
  }
  for (const [index, message] of body.messages.entries()) {
    const wrong = inMessage(message as Readonly<Record<string, unknown>>);
    if (wrong !== undefined) return `messages.${index}.${wrong}`;
  }
  return undefined;
}

/** `null` and `[]` say nothing. */
function isUnset(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function inMessage({ role, content, ...others }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof role !== 'string' || !Object.hasOwn(ROLES, role)) return `role ${JSON.stringify(role)}`;
  const other = Object.keys(others).find((member) => !isUnset(others[member]));
  if (other !== undefined || !Array.isArray(content)) return other;
  for (const [index, { type: _, text: __, ...rest }] of (content as Readonly<Record<string, unknown>>[]).entries()) {
    const more = Object.keys(rest).find((member) => !isUnset(rest[member]));
    if (more !== undefined) return `content.${index}.${more}`;
  }
  return undefined;
}

/** The messages as text: whatever else they hold was refused before. */
export function plainMessages({ messages }: OpenAiChatBody): ChatMessage[] {
  return (messages as { role: string; content?: string | { text?: string }[] | null }[]).map(({ role, content }) => ({
    role: ROLES[role] ?? 'user',
    content: typeof content === 'string' ? content : (content ?? []).map(({ text }) => text ?? '').join('\n'),
  }));
}

const NUMBERS = ['temperature', 'top_p', 'top_k', 'seed', 'frequency_penalty', 'presence_penalty'] as const;

/** How the caller wants words to be chosen, as far as it said; what is usual is left to the model. */
export function settingsOf(body: OpenAiChatBody): CallSettings {
  const settings: { -readonly [name in keyof CallSettings]: CallSettings[name] } = {};
  for (const name of NUMBERS) {
    const value = body[name];
    if (typeof value === 'number' && DEFAULTS[name]?.includes(String(value)) !== true) settings[name] = value;
  }
  const { stop } = body;
  if (typeof stop === 'string') settings.stop = [stop];
  else if (Array.isArray(stop) && stop.length > 0) settings.stop = stop.map(String);
  return settings;
}
