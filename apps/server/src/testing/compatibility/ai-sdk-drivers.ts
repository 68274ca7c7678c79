import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, type LanguageModel, type ModelMessage, Output, streamText, tool, type ToolSet } from 'ai';

import { type Called, type Driver, PARAMETERS, type Reach, type Wish } from './driver.ts';

function messagesOf({ text, picture, results = [] }: Wish): ModelMessage[] {
  const asked: ModelMessage = {
    role: 'user',
    content: picture === undefined ? text : [{ type: 'text', text }, pictureOf(picture)],
  };
  if (results.length === 0) return [asked];
  return [
    asked,
    {
      role: 'assistant',
      content: results.map(({ id, name, input }) => ({ type: 'tool-call', toolCallId: id, toolName: name, input })),
    },
    {
      role: 'tool',
      content: results.map(({ id, name, answered }) => ({
        type: 'tool-result',
        toolCallId: id,
        toolName: name,
        output: { type: 'text', value: answered },
      })),
    },
  ];
}

/** Addresses are passed on by the SDK where the provider says it takes them. */
function pictureOf(picture: string) {
  return { type: 'file' as const, mediaType: 'image/png', data: picture.startsWith('data:') ? picture : new URL(picture) };
}

function optionsOf(model: LanguageModel, wish: Wish) {
  const { tools, choice, schema, temperature, stop, effort, signal } = wish;
  const known: ToolSet = Object.fromEntries((tools ?? []).map((name) => [name, tool({ inputSchema: jsonSchema(PARAMETERS) })]));
  return {
    model,
    messages: messagesOf(wish),
    maxRetries: 0,
    maxOutputTokens: 300,
    ...(tools && { tools: known }),
    ...(choice !== undefined && { toolChoice: { type: 'tool' as const, toolName: choice } }),
    ...(schema && { output: Output.object({ schema: jsonSchema(schema) }) }),
    ...(temperature !== undefined && { temperature }),
    ...(stop !== undefined && { stopSequences: [stop] }),
    ...(effort !== undefined && { reasoning: effort }),
    ...(signal && { abortSignal: signal }),
  };
}

function driver(name: string, modelOf: (reach: Reach, model: string) => LanguageModel): Driver {
  return {
    name,
    async ask(reach, wish) {
      const options = optionsOf(modelOf(reach, wish.model), wish);
      let failure: unknown;
      const live = wish.stream ? streamText({ ...options, onError: ({ error }) => (failure = error) }) : undefined;
      try {
        const { text, toolCalls, warnings } = live
          ? { text: await live.text, toolCalls: await live.toolCalls, warnings: await live.warnings }
          : await generateText(options);
        // What the SDK knows a model not to take it leaves out by itself.
        if (warnings?.some(({ type }) => type === 'unsupported') === true) return undefined;
        return {
          text,
          calls: toolCalls.map((call): Called => ({ id: call.toolCallId, name: call.toolName, input: call.input })),
        };
      } catch (error) {
        const thrown = failure ?? error;
        // Of a provider that it does not know to fetch pictures the SDK fetches them itself.
        if (thrown instanceof Error && thrown.name === 'AI_DownloadError') return undefined;
        throw thrown;
      }
    },
  };
}

export const AI_SDK: readonly Driver[] = [
  driver('`@ai-sdk/openai` (responses)', ({ url, key }, model) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key })(model)),
  driver('`@ai-sdk/openai-compatible`', ({ url, key }, model) =>
    createOpenAICompatible({ name: 'purser', baseURL: `${url}/v1`, apiKey: key, supportsStructuredOutputs: true })(model),
  ),
  driver('`@ai-sdk/anthropic`', ({ url, key }, model) => createAnthropic({ baseURL: `${url}/v1`, apiKey: key })(model)),
];
