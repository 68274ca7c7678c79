import Anthropic from '@anthropic-ai/sdk';

import { type Driver, PARAMETERS, type Wish } from './driver.ts';

function pictureOf(picture: string): Anthropic.ImageBlockParam {
  const [, data] = /^data:image\/png;base64,(.*)$/u.exec(picture) ?? [];
  if (data === undefined) return { type: 'image', source: { type: 'url', url: picture } };
  return { type: 'image', source: { type: 'base64', media_type: 'image/png', data } };
}

function messageOf(wish: Wish): Anthropic.MessageCreateParamsNonStreaming {
  const { model, text, tools, choice, results = [], schema, picture, temperature, stop, effort } = wish;
  const uses = results.map(({ id, name, input }) => ({ type: 'tool_use' as const, id, name, input }));
  const answers = results.map(({ id, answered }) => ({ type: 'tool_result' as const, tool_use_id: id, content: answered }));
  const history: Anthropic.MessageParam[] =
    results.length === 0
      ? []
      : [
          { role: 'assistant', content: uses },
          { role: 'user', content: answers },
        ];
  const output_config = {
    ...(schema && { format: { type: 'json_schema' as const, schema: schema as Record<string, unknown> } }),
    ...(effort !== undefined && { effort }),
  };
  return {
    model,
    max_tokens: 300,
    messages: [
      { role: 'user', content: picture === undefined ? text : [{ type: 'text', text }, pictureOf(picture)] },
      ...history,
    ],
    ...(tools && { tools: tools.map((name) => ({ name, input_schema: PARAMETERS })) }),
    ...(choice !== undefined && { tool_choice: { type: 'tool', name: choice } }),
    ...(Object.keys(output_config).length > 0 && { output_config }),
    ...(stop !== undefined && { stop_sequences: [stop] }),
    // The newest models have none, so the client’s types do not name it.
    ...(temperature !== undefined && ({ temperature } as object)),
  };
}

export const anthropicMessages: Driver = {
  name: '`@anthropic-ai/sdk`',
  async ask({ url, key }, wish) {
    const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
    const options = wish.signal ? { signal: wish.signal } : {};
    const { content } = wish.stream
      ? await client.messages.stream(messageOf(wish), options).finalMessage()
      : await client.messages.create(messageOf(wish), options);
    return {
      text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      calls: content.filter((block) => block.type === 'tool_use').map(({ id, name, input }) => ({ id, name, input })),
    };
  },
};
