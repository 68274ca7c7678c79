import type {
  ChatCompletionContentPart,
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions';
import { type ContentPart, type ImagePart, textOf, type ToolResultPart } from '../chat/parts.ts';
import { withoutThought } from '../chat/thought-ids.ts';
import type { OutputLimitName } from '../output-limit.ts';
import type { ProviderCall } from '../provider.ts';

export interface OpenAiDialect {
  readonly output_limit: OutputLimitName;
  /** Whether it has service tiers: a project may have another than the standard one for its default. */
  readonly tiers: boolean;
}

/** OpenAI’s chat completions, as OpenAI and all that copy the protocol take them. */
export function writeOpenAi(call: ProviderCall, stream: boolean, dialect: OpenAiDialect): ChatCompletionCreateParams {
  const { tool_choice, parallel_tool_calls, format, settings = {}, tools = [] } = call;
  const { stop, reasoning_effort, verbosity, top_k, thinking: _, ...numbers } = settings;
  return {
    model: call.model,
    messages: call.messages.flatMap(messagesOf),
    [call.output_limit ?? dialect.output_limit]: call.output_tokens_max,
    ...numbers,
    ...(top_k !== undefined && { top_k }),
    ...(stop !== undefined && { stop: [...stop] }),
    ...(reasoning_effort !== undefined && { reasoning_effort: reasoning_effort as 'low' }),
    ...(verbosity !== undefined && { verbosity: verbosity as 'low' }),
    ...(tools.length > 0 && { tools: tools.map(toolOf) }),
    ...(tools.length > 0 && tool_choice !== undefined && { tool_choice: choiceOf(tool_choice) }),
    ...(tools.length > 0 && parallel_tool_calls !== undefined && { parallel_tool_calls }),
    ...(format !== undefined && { response_format: formatOf(format) }),
    ...(call.user !== undefined && { user: call.user }),
    ...(dialect.tiers && { service_tier: 'default' as const }),
    ...(stream && { stream, stream_options: { include_usage: true } }),
  };
}

function messagesOf({ role, content }: ProviderCall['messages'][number]): ChatCompletionMessageParam[] {
  if (role === 'system') return [{ role, content: textOf(content) }];
  if (role === 'assistant') return [assistantOf(content)];
  if (typeof content === 'string') return [{ role, content }];
  const results = content.filter((part) => part.type === 'tool_result').map(resultOf);
  const said = content.filter((part) => part.type === 'text' || part.type === 'image').map(partOf);
  if (said.length === 0) return results;
  const plain = said.every(({ type }) => type === 'text');
  return [...results, { role, content: plain && said.length === 1 ? textOf(content) : said }];
}

function assistantOf(content: string | readonly ContentPart[]): ChatCompletionMessageParam {
  const calls = typeof content === 'string' ? [] : content.filter((part) => part.type === 'tool_call');
  const text = textOf(content);
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, arguments: given }) => ({
        id: withoutThought(id),
        type: 'function' as const,
        function: { name, arguments: given },
      })),
    }),
  };
}

function resultOf({ id, content }: ToolResultPart): ChatCompletionMessageParam {
  return { role: 'tool', tool_call_id: withoutThought(id), content: textOf(content) };
}

function partOf(part: ContentPart & { readonly type: 'text' | 'image' }): ChatCompletionContentPart {
  if (part.type === 'text') return { type: 'text', text: part.text };
  return {
    type: 'image_url',
    image_url: { url: urlOf(part), ...(part.detail !== undefined && { detail: part.detail as 'low' }) },
  };
}

function urlOf({ source }: ImagePart): string {
  return 'url' in source ? source.url : `data:${source.media_type};base64,${source.base64}`;
}

function toolOf({ name, description, parameters, strict }: NonNullable<ProviderCall['tools']>[number]): ChatCompletionTool {
  return {
    type: 'function',
    function: {
      name,
      ...(description !== undefined && { description }),
      ...(parameters !== undefined && { parameters: parameters as Record<string, unknown> }),
      ...(strict !== undefined && { strict }),
    },
  };
}

function choiceOf(choice: NonNullable<ProviderCall['tool_choice']>): NonNullable<ChatCompletionCreateParams['tool_choice']> {
  return typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice;
}

function formatOf(format: NonNullable<ProviderCall['format']>): NonNullable<ChatCompletionCreateParams['response_format']> {
  if (format.type === 'json') return { type: 'json_object' };
  const { name, schema, description, strict } = format;
  return {
    type: 'json_schema',
    json_schema: {
      name,
      schema: schema as Record<string, unknown>,
      ...(description !== undefined && { description }),
      ...(strict !== undefined && { strict }),
    },
  };
}
