import { type Refusal, refuse } from '@purser/core';
import { mayHoldThoughts, type OutputLimitName, withoutThought } from '@purser/providers';
import { type FittedRequest, type PromptBounds, serialisedBounds } from '@purser/routing';

import type { OpenAiChatBody } from '../../../gate.ts';

/** Members whose cost the bounds below cover. Any other may change what a call costs on some upstream (`best_of`, plug-ins, a list of models). */
const BOUNDED = new Set(
  `model models messages stream stream_options max_tokens max_completion_tokens n
   user safety_identifier temperature top_p top_k min_p frequency_penalty
   presence_penalty repetition_penalty logit_bias seed stop logprobs top_logprobs
   response_format reasoning_effort verbosity metadata store tools tool_choice
   parallel_tool_calls functions function_call prompt_cache_key prompt_cache_retention`.split(/\s+/u),
);
/** Tools that the caller runs. Those that a provider runs (searches, interpreters) are billed by the use. */
const OWN_TOOLS = new Set(['function', 'custom']);

/** Members that change what a call costs in a way no bound of ours covers. Refused rather than guessed. */
const UNBOUNDED = ['audio', 'modalities', 'prediction', 'service_tier', 'web_search_options'] as const;
/** Harmless values of the above, as clients send them by default. */
const HARMLESS: Record<string, readonly string[]> = { service_tier: ['auto', 'default'], modalities: ['["text"]'] };

const MESSAGES_MAX = 10_000;
/** Of what was given, in a sentence that names it. */
const SHOWN_CHARS_MAX = 100;

/** What is wrong with an OpenAI chat body, so that it cannot be asked; undefined: nothing. */
export function refuseBody(body: OpenAiChatBody): Refusal | undefined {
  const wrong = mistakeIn(body);
  return wrong === undefined ? undefined : refuse('invalid_request', wrong);
}

function mistakeIn(body: OpenAiChatBody): string | undefined {
  if (body.messages.length === 0 || body.messages.length > MESSAGES_MAX) {
    return `messages: got ${body.messages.length}; want 1 to ${MESSAGES_MAX}`;
  }
  if (body['n'] !== undefined && body['n'] !== 1)
    return `n: got ${JSON.stringify(body['n'])}; want 1 (send another request for another answer)`;
  for (const member of UNBOUNDED) {
    const value = body[member];
    if (value === undefined || value === null) continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (!HARMLESS[member]?.includes(text))
      return `${member}: not supported, because its maximum cost is not known in advance; leave it out`;
  }
  const unknown = Object.keys(body).find(
    (member) => !BOUNDED.has(member) && !(UNBOUNDED as readonly string[]).includes(member) && body[member] !== null,
  );
  if (unknown !== undefined)
    return `${unknown.slice(0, SHOWN_CHARS_MAX)}: not known here, so its maximum cost is not known in advance; leave it out`;
  const tools = body['tools'] ?? [];
  if (!Array.isArray(tools)) return 'tools: want an array';
  const foreign = (tools as { type?: unknown }[]).findIndex((tool) => !OWN_TOOLS.has(String(tool?.type)));
  const kept = (tools as unknown[]).findIndex(keepsForAnHour);
  if (kept >= 0) return `tools.${kept}: ${LONG_CACHE}`;
  if (foreign >= 0)
    return `tools.${foreign}: want one of type function; the maximum cost of a tool that the provider runs is not known in advance`;
  for (const [index, message] of body.messages.entries()) {
    const wrong = messageMistake(message);
    if (wrong !== undefined) return `messages.${index}: ${wrong}`;
  }
  return undefined;
}

const LONG_CACHE = 'cache_control.ttl: caching for an hour is billed at a price that is not reserved; leave it out or set 5m';

/** Anthropic and those that pass its models on let a caller ask for a dearer write to their cache. */
function keepsForAnHour(part: unknown): boolean {
  const { cache_control } = (part ?? {}) as { cache_control?: { ttl?: unknown } | null };
  return cache_control?.ttl !== undefined && cache_control.ttl !== null && cache_control.ttl !== '5m';
}

function messageMistake(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return 'want an object with role and content';
  if (keepsForAnHour(message)) return LONG_CACHE;
  const { role, content, audio } = message as { role?: unknown; content?: unknown; audio?: unknown };
  if (typeof role !== 'string') return 'role: want a string';
  if (audio !== undefined && audio !== null) return 'audio: not supported; want text';
  if (content === undefined || content === null || typeof content === 'string') return undefined;
  if (!Array.isArray(content)) return 'content: want a string or an array of parts';
  for (const part of content as { type?: unknown }[]) {
    if (keepsForAnHour(part)) return `content: ${LONG_CACHE}`;
    if (part?.type === 'image_url') {
      const wrong = pictureMistake(part);
      if (wrong !== undefined) return `content: ${wrong}`;
    } else if (part?.type !== 'text' && part?.type !== 'refusal')
      return `content: parts of type ${JSON.stringify(part?.type ?? null).slice(0, SHOWN_CHARS_MAX)} are not supported; want text or image_url`;
  }
  return undefined;
}

const PICTURE = /^(?:https?:\/\/[^\s]+$|data:image\/[\w.+-]+;base64,)/iu;

function pictureMistake(part: object): string | undefined {
  const { image_url } = part as { image_url?: { url?: unknown } | null };
  const url = image_url?.url;
  if (typeof url === 'string' && PICTURE.test(url) && (url.startsWith('data:') || URL.canParse(url))) return undefined;
  const given = typeof url === 'string' ? url.slice(0, 40) : JSON.stringify(url ?? null).slice(0, 40);
  return `image_url.url: got ${given}; want an address with https, or data:image/…;base64,…`;
}

/** Every byte that could reach the model may be a token: messages, tools and formats included. Pictures are counted by their own rule. */
export function boundsOf(body: OpenAiChatBody, images: number): PromptBounds {
  const text = images === 0 ? passedOn(body) : serialise({ ...body, messages: body.messages.map(withoutPictures) });
  return serialisedBounds(text, body.messages.length + images, wordsIn(body.messages));
}

function withoutPictures(message: unknown): unknown {
  const { content } = message as { content?: unknown };
  if (!Array.isArray(content)) return message;
  const parts = content as readonly { type?: unknown; image_url?: object }[];
  return {
    ...(message as object),
    content: parts.map((part) => (part.type === 'image_url' ? { ...part, image_url: { ...part.image_url, url: '' } } : part)),
  };
}

/** The texts of messages, whole or in parts, as they stand in the body. */
function wordsIn(messages: readonly unknown[]): string[] {
  return messages.flatMap((message) => {
    const { content } = (message ?? {}) as { readonly content?: unknown };
    if (typeof content === 'string') return [content];
    if (!Array.isArray(content)) return [];
    return content.flatMap((part: { readonly text?: unknown } | null) => (typeof part?.text === 'string' ? [part.text] : []));
  });
}

/** What goes to the provider as we say it, and not as it came. */
const WRITTEN_ANEW = new Set([
  'model',
  'models',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'service_tier',
]);

const serialised = new WeakMap<OpenAiChatBody, string>();

/** What the provider gets as it came: serialised once, for the bound and for every provider that is asked. */
function passedOn(body: OpenAiChatBody): string {
  let text = serialised.get(body);
  if (text === undefined) {
    text = serialise(body);
    serialised.set(body, text);
  }
  return text;
}

function serialise(body: OpenAiChatBody): string {
  const rest: Record<string, unknown> = {};
  for (const member of Object.keys(body)) if (!WRITTEN_ANEW.has(member)) rest[member] = body[member];
  const text = JSON.stringify(rest);
  return mayHoldThoughts(text) ? JSON.stringify({ ...rest, messages: body.messages.map(withoutThoughtIds) }) : text;
}

/** The ids of calls as their provider gave them: another’s mark of reasoning is nothing to this one, and its ids are shorter. */
function withoutThoughtIds(message: unknown): unknown {
  const { tool_calls, tool_call_id } = (message ?? {}) as { tool_calls?: unknown; tool_call_id?: unknown };
  return {
    ...(message as object),
    ...(Array.isArray(tool_calls) && { tool_calls: tool_calls.map(withoutThoughtId) }),
    ...(typeof tool_call_id === 'string' && { tool_call_id: withoutThought(tool_call_id) }),
  };
}

function withoutThoughtId(call: unknown): unknown {
  const { id } = (call ?? {}) as { id?: unknown };
  return typeof id === 'string' ? { ...(call as object), id: withoutThought(id) } : call;
}

/**
 * The body as it goes to the provider: our model, our output limit under the name that this upstream keeps, whatever the caller
 * called it, and usage asked for in a stream.
 */
export function rewritten(
  body: OpenAiChatBody,
  { model, output_tokens_max }: FittedRequest,
  limit_name: OutputLimitName,
): string {
  const limit = `"${limit_name}":${output_tokens_max}`;
  // A project may have another tier for its default: what was not reserved at that price is not asked for.
  const tier = model.provider === 'openai' ? ',"service_tier":"default"' : '';
  const ours = `"model":${JSON.stringify(model.name)},${limit}${tier}${streaming(body)}`;
  return `{${ours},${passedOn(body).slice(1)}`;
}

function streaming(body: OpenAiChatBody): string {
  if (body.stream === undefined) return '';
  if (!body.stream) return ',"stream":false';
  return `,"stream":true,"stream_options":${JSON.stringify({ ...optionsOf(body), include_usage: true })}`;
}

function optionsOf(body: OpenAiChatBody): Record<string, unknown> {
  const options = body['stream_options'];
  return typeof options === 'object' && options !== null ? (options as Record<string, unknown>) : {};
}

export function wantsUsage(body: OpenAiChatBody): boolean {
  return optionsOf(body)['include_usage'] === true;
}

const ALTERNATIVES_MAX = 20;

/** How many probabilities the caller wants with each token. */
export function alternativesOf({ logprobs, top_logprobs }: OpenAiChatBody): number {
  if (logprobs !== true) return 0;
  return typeof top_logprobs === 'number' ? 1 + Math.min(Math.max(0, top_logprobs), ALTERNATIVES_MAX) : 1;
}
