import { AIMessage, type AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';

import { type Driver, PARAMETERS, type Wish } from './driver.ts';

function messagesOf({ text, picture, results = [] }: Wish): BaseMessage[] {
  const asked = new HumanMessage({
    content:
      picture === undefined
        ? text
        : [
            { type: 'text', text },
            { type: 'image_url', image_url: { url: picture } },
          ],
  });
  if (results.length === 0) return [asked];
  const calls = results.map(({ id, name, input }) => ({
    id,
    name,
    args: input as Record<string, unknown>,
    type: 'tool_call' as const,
  }));
  return [
    asked,
    new AIMessage({ content: '', tool_calls: calls }),
    ...results.map(({ id, answered }) => new ToolMessage({ tool_call_id: id, content: answered })),
  ];
}

export const langChain: Driver = {
  name: 'LangChain `ChatOpenAI`',
  async ask({ url, key }, wish) {
    const { model, tools, choice, schema, temperature, stop, effort, signal } = wish;
    const chat = new ChatOpenAI({
      model,
      apiKey: key,
      configuration: { baseURL: `${url}/v1` },
      maxRetries: 0,
      ...(temperature !== undefined && { temperature }),
      ...(stop !== undefined && { stop: [stop] }),
      ...(effort !== undefined && { reasoning: { effort } }),
    });
    const options = {
      ...(signal && { signal }),
      ...(choice !== undefined && { tool_choice: { type: 'function' as const, function: { name: choice } } }),
      ...(schema && {
        response_format: {
          type: 'json_schema' as const,
          json_schema: { name: 'shape', strict: true, schema: schema as Record<string, unknown> },
        },
      }),
    };
    const bound = tools
      ? chat.bindTools(tools.map((name) => ({ type: 'function' as const, function: { name, parameters: PARAMETERS } })))
      : chat;
    const { text, tool_calls = [] } = wish.stream
      ? await whole(await bound.stream(messagesOf(wish), options))
      : await bound.invoke(messagesOf(wish), options);
    return { text, calls: tool_calls.map(({ id = '', name, args }) => ({ id, name, input: args })) };
  },
};

/** Chunks of LangChain's add up. */
async function whole(chunks: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let sum: AIMessageChunk | undefined;
  for await (const chunk of chunks) sum = sum === undefined ? chunk : sum.concat(chunk);
  if (sum === undefined) throw new Error('a stream without a chunk');
  return sum;
}
