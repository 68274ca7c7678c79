import type {
  MessageCreateParams,
  MessageParam,
  ContentBlockParam,
  Tool,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import { parseObject } from '../json.ts';
import type { ContentPart, ImagePart, TextPart, ToolCallPart, ToolDefinition, ToolResultPart } from '../chat/parts.ts';
import { withoutThought } from '../chat/thought-ids.ts';
import type { ProviderCall } from '../provider.ts';
import { Unwritable } from './unwritable.ts';

/** A tool that stands for "any JSON object", which the protocol has no other word for: what it is called with is the answer. */
export const JSON_TOOL = 'json';

/** What older models take besides; their vendor’s types list the newest members alone. */
interface Sampling {
  temperature?: number;
  top_p?: number;
  top_k?: number;
}

type AnthropicRequest = Omit<MessageCreateParams, 'stream'> & Sampling & { stream?: true };

type Cached = { cache_control?: { type: 'ephemeral' } };

/** Anthropic’s Messages: https://platform.claude.com/docs/en/api/messages. @throws Unwritable */
export function writeAnthropic(call: ProviderCall, stream: boolean): AnthropicRequest {
  const system = call.messages.filter(({ role }) => role === 'system').flatMap(({ content }) => textsOf(content));
  return {
    model: call.model,
    max_tokens: call.output_tokens_max,
    ...(system.length > 0 && {
      system: system.some(({ cached }) => cached) ? system.map(textBlock) : system.map(({ text }) => text).join('\n\n'),
    }),
    messages: messagesOf(call),
    ...(stream && { stream: true as const }),
    ...samplingOf(call),
    ...thinkingOf(call),
    ...toolsOf(call),
    ...(call.user !== undefined && { metadata: { user_id: call.user } }),
  };
}

function messagesOf({ messages }: ProviderCall): MessageParam[] {
  const written: { role: 'user' | 'assistant'; content: ContentBlockParam[] }[] = [];
  for (const { role, content } of messages) {
    if (role === 'system') continue;
    const blocks = (typeof content === 'string' ? [{ type: 'text', text: content } as const] : content)
      .filter((part) => part.type !== 'text' || part.text !== '')
      .map(block);
    // Results of several tools, and what is said after them, are one message of the user.
    const last = written.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else written.push({ role, content: blocks });
  }
  return written.map(({ role, content }) => {
    const [only] = content;
    return { role, content: content.length === 1 && only?.type === 'text' && !only.cache_control ? only.text : content };
  });
}

function textsOf(content: string | readonly ContentPart[]): readonly TextPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content.filter((part) => part.type === 'text');
}

function cacheOf({ cached }: { readonly cached?: true }): Cached {
  return cached === true ? { cache_control: { type: 'ephemeral' } } : {};
}

function textBlock(part: TextPart): { type: 'text'; text: string } & Cached {
  return { type: 'text', text: part.text, ...cacheOf(part) };
}

function block(part: ContentPart): ContentBlockParam {
  switch (part.type) {
    case 'text':
      return textBlock(part);
    case 'image':
      return imageBlock(part);
    case 'tool_call':
      return { type: 'tool_use', id: withoutThought(part.id), name: part.name, input: inputOf(part), ...cacheOf(part) };
    case 'tool_result':
      return resultBlock(part);
    case 'thought':
      return { type: 'thinking', thinking: part.text, signature: part.signature };
    case 'sealed_thought':
      return { type: 'redacted_thinking', data: part.data };
  }
}

function imageBlock(part: ImagePart): ContentBlockParam & { type: 'image' } {
  const { source } = part;
  if ('url' in source) return { type: 'image', source: { type: 'url', url: source.url }, ...cacheOf(part) };
  const media_type = source.media_type as 'image/png';
  return { type: 'image', source: { type: 'base64', media_type, data: source.base64 }, ...cacheOf(part) };
}

function resultBlock(part: ToolResultPart): ToolResultBlockParam {
  const [only] = part.content;
  const plain = part.content.length === 1 && only?.type === 'text' && only.cached !== true;
  return {
    type: 'tool_result',
    tool_use_id: withoutThought(part.id),
    content: plain ? only.text : part.content.map((inner) => (inner.type === 'text' ? textBlock(inner) : imageBlock(inner))),
    ...(part.failed === true && { is_error: true }),
    ...cacheOf(part),
  };
}

function inputOf({ name, arguments: text }: ToolCallPart): unknown {
  const input = text.trim() === '' ? {} : parseObject(text);
  if (input === undefined)
    throw new Unwritable(`tool_calls: the arguments of ${name} are no JSON object, which this model wants`);
  return input;
}

function samplingOf({ settings = {}, model }: ProviderCall): Sampling & { stop_sequences?: string[] } {
  const { temperature, top_p, top_k, stop } = settings;
  if (temperature !== undefined && temperature > 1)
    throw new Unwritable(`temperature: ${model} does not take ${temperature}; want 0 to 1, or leave it out`);
  return {
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { top_p }),
    ...(top_k !== undefined && { top_k }),
    ...(stop !== undefined && { stop_sequences: [...stop] }),
  };
}

/** Effort by https://platform.claude.com/docs/en/build-with-claude/effort; less than the least is the least, `none` is no thinking. */
function thinkingOf({ settings = {}, format }: ProviderCall): Pick<MessageCreateParams, 'output_config' | 'thinking'> {
  const { reasoning_effort, thinking } = settings;
  const effort = reasoning_effort === 'minimal' ? 'low' : reasoning_effort;
  const output_config = {
    ...(effort !== undefined && effort !== 'none' && { effort: effort as 'low' }),
    ...(format?.type === 'json_schema' && {
      format: { type: 'json_schema' as const, schema: format.schema as Record<string, unknown> },
    }),
  };
  return {
    ...(Object.keys(output_config).length > 0 && { output_config }),
    ...(thinking === undefined
      ? effort === 'none' && { thinking: { type: 'disabled' as const } }
      : { thinking: thinking as { type: 'disabled' } }),
  };
}

function toolsOf(call: ProviderCall): Pick<MessageCreateParams, 'tools' | 'tool_choice'> {
  const { tools = [], tool_choice, parallel_tool_calls, format } = call;
  if (format?.type === 'json') {
    if (tools.length > 0)
      throw new Unwritable('response_format: this model answers with JSON of any shape only without tools; want json_schema');
    const any: Tool = { name: JSON_TOOL, description: 'Answers with one JSON object.', input_schema: { type: 'object' } };
    return { tools: [any], tool_choice: { type: 'tool', name: JSON_TOOL } };
  }
  if (tools.length === 0) return {};
  const one = parallel_tool_calls === false && { disable_parallel_tool_use: true };
  return {
    tools: tools.map(toolOf),
    ...((tool_choice !== undefined || one) && { tool_choice: choiceOf(tool_choice ?? 'auto', one || {}) }),
  };
}

function toolOf(tool: ToolDefinition): Tool {
  const { name, description, parameters, strict, eager } = tool;
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: { type: 'object', ...parameters },
    ...(strict === true && { strict }),
    ...(eager === true && { eager_input_streaming: true }),
    ...cacheOf(tool),
  };
}

function choiceOf(
  choice: NonNullable<ProviderCall['tool_choice']>,
  one: { disable_parallel_tool_use?: boolean },
): NonNullable<MessageCreateParams['tool_choice']> {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name, ...one };
  if (choice === 'none') return { type: 'none' };
  return { type: choice === 'required' ? 'any' : 'auto', ...one };
}
