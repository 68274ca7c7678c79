import OpenAI from 'openai';

import { type Driver, PARAMETERS, type Reach, type Wish } from './driver.ts';

function clientOf({ url, key }: Reach): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
}

function chatOf(wish: Wish): Omit<OpenAI.Chat.ChatCompletionCreateParamsNonStreaming, 'stream'> {
  const { model, text, tools, choice, results = [], schema, picture, temperature, stop, effort } = wish;
  const content =
    picture === undefined
      ? text
      : [
          { type: 'text' as const, text },
          { type: 'image_url' as const, image_url: { url: picture } },
        ];
  const calls = results.map(({ id, name, input }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: JSON.stringify(input) },
  }));
  return {
    model,
    messages: [
      { role: 'user', content },
      ...(calls.length > 0 ? [{ role: 'assistant' as const, content: null, tool_calls: calls }] : []),
      ...results.map(({ id, answered }) => ({ role: 'tool' as const, tool_call_id: id, content: answered })),
    ],
    ...(tools && { tools: tools.map((name) => ({ type: 'function', function: { name, parameters: PARAMETERS } })) }),
    ...(choice !== undefined && { tool_choice: { type: 'function', function: { name: choice } } }),
    ...(schema && {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'shape', strict: true, schema: schema as Record<string, unknown> },
      },
    }),
    ...(temperature !== undefined && { temperature }),
    ...(stop !== undefined && { stop: [stop] }),
    ...(effort !== undefined && { reasoning_effort: effort }),
  };
}

export const openAiChat: Driver = {
  name: '`openai` chat',
  async ask(reach, wish) {
    const client = clientOf(reach);
    const options = wish.signal ? { signal: wish.signal } : {};
    const { choices } = wish.stream
      ? await client.chat.completions.stream(chatOf(wish), options).finalChatCompletion()
      : await client.chat.completions.create(chatOf(wish), options);
    const message = choices[0]?.message;
    const calls = (message?.tool_calls ?? []).filter((call) => call.type === 'function');
    return {
      text: message?.content ?? '',
      calls: calls.map(({ id, function: { name, arguments: given } }) => ({ id, name, input: JSON.parse(given) as unknown })),
    };
  },
};

function responseOf(wish: Wish): Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'stream'> {
  const { model, text, tools, choice, results = [], schema, picture, temperature, effort } = wish;
  const content: OpenAI.Responses.ResponseInputMessageContentList = [{ type: 'input_text', text }];
  if (picture !== undefined) content.push({ type: 'input_image', image_url: picture, detail: 'auto' });
  return {
    model,
    input: [
      { role: 'user', content },
      ...results.map(({ id, name, input }) => ({
        type: 'function_call' as const,
        call_id: id,
        name,
        arguments: JSON.stringify(input),
      })),
      ...results.map(({ id, answered }) => ({ type: 'function_call_output' as const, call_id: id, output: answered })),
    ],
    ...(tools && {
      tools: tools.map((name) => ({ type: 'function' as const, name, parameters: PARAMETERS, strict: false })),
    }),
    ...(choice !== undefined && { tool_choice: { type: 'function', name: choice } }),
    ...(schema && {
      text: { format: { type: 'json_schema', name: 'shape', strict: true, schema: schema as Record<string, unknown> } },
    }),
    ...(temperature !== undefined && { temperature }),
    ...(effort !== undefined && { reasoning: { effort } }),
  };
}

export const openAiResponses: Driver = {
  name: '`openai` responses',
  async ask(reach, wish) {
    // Responses have no text to stop at.
    if (wish.stop !== undefined) return undefined;
    const client = clientOf(reach);
    const options = wish.signal ? { signal: wish.signal } : {};
    const { output } = wish.stream
      ? await client.responses.stream(responseOf(wish), options).finalResponse()
      : await client.responses.create(responseOf(wish), options);
    const calls = output.filter((item) => item.type === 'function_call') as OpenAI.Responses.ResponseFunctionToolCall[];
    const messages = output.filter((item) => item.type === 'message') as OpenAI.Responses.ResponseOutputMessage[];
    return {
      text: messages.flatMap(({ content }) => content.map((part) => (part.type === 'output_text' ? part.text : ''))).join(''),
      calls: calls.map(({ call_id, name, arguments: given }) => ({ id: call_id, name, input: JSON.parse(given) as unknown })),
    };
  },
};
