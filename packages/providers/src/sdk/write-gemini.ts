import type { Content, FunctionDeclaration, GenerationConfig, Part } from '@google/genai';
import { parseObject } from '../json.ts';
import { type ContentPart, type ImagePart, textOf, type ToolCallPart, type ToolResultPart } from '../chat/parts.ts';
import { thoughtIn, withoutThought } from '../chat/thought-ids.ts';
import type { ProviderCall } from '../provider.ts';
import { Unwritable } from './unwritable.ts';

/** The level of thinking is a word over the wire. */
interface GeminiConfig extends Omit<GenerationConfig, 'thinkingConfig'> {
  thinkingConfig?: { thinkingLevel?: string; thinkingBudget?: number };
}

/** A request of generateContent as it goes over the wire; the vendor’s client has types of its parts alone. */
export interface GeminiRequest {
  readonly contents: readonly Content[];
  readonly systemInstruction?: Content;
  readonly generationConfig: GeminiConfig;
  readonly tools?: readonly { readonly functionDeclarations: readonly FunctionDeclaration[] }[];
  readonly toolConfig?: {
    readonly functionCallingConfig: { mode: 'AUTO' | 'ANY' | 'NONE' | 'VALIDATED'; allowedFunctionNames?: string[] };
  };
}

/** Gemini’s generateContent: https://ai.google.dev/api/generate-content. @throws Unwritable */
export function writeGemini(call: ProviderCall): GeminiRequest {
  const system = call.messages.filter(({ role }) => role === 'system').map(({ content }) => textOf(content));
  return {
    contents: contentsOf(call),
    ...(system.length > 0 && { systemInstruction: { parts: [{ text: system.join('\n\n') }] } }),
    generationConfig: configOf(call),
    ...toolsOf(call),
  };
}

function contentsOf({ messages, model }: ProviderCall): Content[] {
  const names = namesOfCalls(messages);
  const written: { role: string; parts: Part[] }[] = [];
  for (const { role, content } of messages) {
    if (role === 'system') continue;
    const said = role === 'assistant' ? 'model' : 'user';
    const given: readonly ContentPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const parts = given.map((part) => partOf(part, names));
    if (said === 'model' && signs(model)) sign(parts);
    const last = written.at(-1);
    if (last?.role === said) last.parts.push(...parts);
    else written.push({ role: said, parts });
  }
  return written;
}

/** A result is told by the name of its tool. */
function namesOfCalls(messages: ProviderCall['messages']): ReadonlyMap<string, string> {
  const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  return new Map(parts.flatMap((part) => (part.type === 'tool_call' ? [[part.id, part.name] as const] : [])));
}

function partOf(part: ContentPart, names: ReadonlyMap<string, string>): Part {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'image':
      return imageOf(part);
    case 'tool_call':
      return callOf(part);
    case 'tool_result':
      return resultOf(part, names);
    case 'thought':
    case 'sealed_thought':
      throw new Unwritable('thinking: reasoning of another model cannot be given to this one; leave it out of the messages');
  }
}

function callOf({ id, name, arguments: text }: ToolCallPart): Part {
  const args = text.trim() === '' ? {} : parseObject(text);
  if (args === undefined) throw new Unwritable(`tool_calls: the arguments of ${name} are no JSON object, which this model wants`);
  const thoughtSignature = thoughtIn(id);
  return { functionCall: { id: withoutThought(id), name, args }, ...(thoughtSignature !== undefined && { thoughtSignature }) };
}

function resultOf({ id, content, failed }: ToolResultPart, names: ReadonlyMap<string, string>): Part {
  const name = names.get(id);
  if (name === undefined) throw new Unwritable(`tool_call_id: no call of a tool before it has the id ${id.slice(0, 100)}`);
  const text = textOf(content);
  const response = failed === true ? { error: text } : (parseObject(text) ?? { output: text });
  return { functionResponse: { id: withoutThought(id), name, response } };
}

const TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
};

function imageOf({ source }: ImagePart): Part {
  if (!('url' in source)) return { inlineData: { mimeType: source.media_type, data: source.base64 } };
  const [, ending] = /\.(\w+)$/u.exec(new URL(source.url).pathname) ?? [];
  const mimeType = TYPES[ending?.toLowerCase() ?? ''];
  return { fileData: { fileUri: source.url, ...(mimeType !== undefined && { mimeType }) } };
}

/** Models from the third generation on want their reasoning back with each step’s first call. */
function signs(model: string): boolean {
  return /^gemini-(?:[3-9]|\d\d)/u.test(model);
}

/** For calls that another model made: https://ai.google.dev/gemini-api/docs/thought-signatures. */
const NOT_ITS_OWN = 'skip_thought_signature_validator';

function sign(parts: Part[]): void {
  const first = parts.find((part) => part.functionCall !== undefined);
  if (first !== undefined) first.thoughtSignature ??= NOT_ITS_OWN;
}

function configOf({ settings = {}, format, output_tokens_max, model }: ProviderCall): GeminiConfig {
  const { temperature, top_p, top_k, seed, frequency_penalty, presence_penalty, stop } = settings;
  return {
    maxOutputTokens: output_tokens_max,
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { topP: top_p }),
    ...(top_k !== undefined && { topK: top_k }),
    ...(seed !== undefined && { seed }),
    ...(frequency_penalty !== undefined && { frequencyPenalty: frequency_penalty }),
    ...(presence_penalty !== undefined && { presencePenalty: presence_penalty }),
    ...(stop !== undefined && { stopSequences: [...stop] }),
    ...(format !== undefined && { responseMimeType: 'application/json' }),
    ...(format?.type === 'json_schema' && { responseJsonSchema: format.schema }),
    ...thinkingOf(model, settings.reasoning_effort),
  };
}

/** As Google’s own endpoint in OpenAI’s format has it: https://ai.google.dev/gemini-api/docs/openai#thinking. */
const BUDGETS: Readonly<Record<string, number>> = { none: 0, minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576 };

function thinkingOf(model: string, effort: string | undefined): Pick<GeminiConfig, 'thinkingConfig'> {
  if (effort === undefined) return {};
  if (signs(model)) {
    if (effort === 'none') throw new Unwritable(`reasoning_effort: ${model} always thinks; want minimal, low, medium or high`);
    return { thinkingConfig: { thinkingLevel: effort.toUpperCase() } };
  }
  const thinkingBudget = BUDGETS[effort];
  if (thinkingBudget === undefined)
    throw new Unwritable(`reasoning_effort: got ${effort.slice(0, 40)}; ${model} takes ${Object.keys(BUDGETS).join(', ')}`);
  return { thinkingConfig: { thinkingBudget } };
}

function toolsOf({ tools = [], tool_choice }: ProviderCall): Pick<GeminiRequest, 'tools' | 'toolConfig'> {
  if (tools.length === 0) return {};
  const functionDeclarations = tools.map(({ name, description, parameters }): FunctionDeclaration => ({
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parametersJsonSchema: parameters }),
  }));
  const strict = tools.some((tool) => tool.strict === true);
  const functionCallingConfig = tool_choice === undefined && !strict ? undefined : choiceOf(tool_choice ?? 'auto', strict);
  return {
    tools: [{ functionDeclarations }],
    ...(functionCallingConfig !== undefined && { toolConfig: { functionCallingConfig } }),
  };
}

/** Where a call is forced its arguments keep their schema anyway; otherwise there is a mode in which they do. */
function choiceOf(
  choice: NonNullable<ProviderCall['tool_choice']>,
  strict: boolean,
): NonNullable<GeminiRequest['toolConfig']>['functionCallingConfig'] {
  if (typeof choice === 'object') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { mode: ({ auto: strict ? 'VALIDATED' : 'AUTO', required: 'ANY', none: 'NONE' } as const)[choice] };
}
