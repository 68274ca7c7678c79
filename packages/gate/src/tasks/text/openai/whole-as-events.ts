/**
 * A whole answer as the events of a stream, for a caller who asked for one of a server that does not stream: clients that read events find
 * none in a body of JSON, and say nothing. `beside_usage`: what stands beside the usage, where that is wanted.
 */
export function wholeAsEvents(body: Buffer, beside_usage: object | undefined): Buffer {
  const { choices, usage, ...rest } = JSON.parse(body.toString('utf8')) as { choices: (Choice | null)[]; usage?: unknown };
  const chunk = { ...rest, object: 'chat.completion.chunk' };
  const said = choices
    .filter((choice) => choice !== null)
    .map(({ message, ...choice }) => ({ ...choice, delta: deltaOf(message) }));
  const events: unknown[] = [{ ...chunk, choices: said }];
  if (beside_usage !== undefined) events.push({ ...chunk, choices: [], usage: usage ?? null, ...beside_usage });
  return Buffer.from(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`);
}

interface Choice {
  readonly message?: { readonly tool_calls?: readonly object[] | null };
}

/** In a stream each call of a tool says which one it is. */
function deltaOf(message: Choice['message'] = {}): object {
  const { tool_calls, ...rest } = message;
  if (!Array.isArray(tool_calls)) return message;
  return { ...rest, tool_calls: (tool_calls as readonly object[]).map((call, index) => ({ index, ...call })) };
}
