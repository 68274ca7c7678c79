import { isObject, type Json, objectsIn, textIn } from '../json.ts';

/** What a stand-in finds asked for in a request, whatever the protocol: which tools it calls, and in which shape it answers. */
export interface Wishes {
  /** Calls to make instead of saying something. */
  readonly calls: readonly WishedCall[];
  /** The answer where JSON is asked for. */
  readonly json?: string;
}

export interface WishedCall {
  readonly name: string;
  readonly input: object;
}

interface Tool {
  readonly name: string;
  readonly schema: unknown;
}

interface Asked {
  readonly tools: readonly Tool[];
  /** `all`: each tool once, at the same time; else that one alone. */
  readonly choice: 'none' | 'one' | 'all' | { readonly name: string };
  /** The last thing that was said is the result of a tool: then it answers in words. */
  readonly answered: boolean;
  /** A schema, or true for any JSON. */
  readonly format: unknown;
}

/** The published members of each protocol by which these are asked for. */
export const askedOf: Readonly<Record<'openai' | 'anthropic' | 'gemini', (body: Json) => Asked>> = {
  openai(body) {
    const tools = objectsIn(body['tools']).map((tool) => toolOf(tool['function'], 'parameters'));
    const choice = body['tool_choice'];
    const format = isObject(body['response_format']) ? body['response_format'] : {};
    const shape = isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined;
    return {
      tools,
      choice: isObject(choice)
        ? { name: textIn((choice['function'] as Json)['name']) }
        : wordOf(choice, body['parallel_tool_calls'] === false),
      answered: objectsIn(body['messages']).at(-1)?.['role'] === 'tool',
      format: shape ?? (format['type'] === 'json_object' || undefined),
    };
  },
  anthropic(body) {
    const choice = isObject(body['tool_choice']) ? body['tool_choice'] : {};
    const config = isObject(body['output_config']) ? body['output_config'] : {};
    const last = objectsIn(body['messages']).at(-1)?.['content'];
    return {
      tools: objectsIn(body['tools']).map((tool) => toolOf(tool, 'input_schema')),
      choice:
        choice['type'] === 'tool'
          ? { name: textIn(choice['name']) }
          : wordOf(choice['type'], choice['disable_parallel_tool_use'] === true),
      answered: objectsIn(last).some(({ type }) => type === 'tool_result'),
      format: isObject(config['format']) ? config['format']['schema'] : undefined,
    };
  },
  gemini(body) {
    const tools = objectsIn(body['tools']).flatMap((tool) => objectsIn(tool['functionDeclarations']));
    const config = isObject(body['toolConfig']) ? (body['toolConfig']['functionCallingConfig'] as Json) : {};
    const generation = isObject(body['generationConfig']) ? body['generationConfig'] : {};
    const [name] = Array.isArray(config['allowedFunctionNames']) ? (config['allowedFunctionNames'] as unknown[]) : [];
    return {
      tools: tools.map((tool) => toolOf(tool, 'parametersJsonSchema')),
      choice: typeof name === 'string' ? { name } : wordOf(config['mode'], false),
      answered: objectsIn(objectsIn(body['contents']).at(-1)?.['parts']).some((part) => isObject(part['functionResponse'])),
      format: generation['responseJsonSchema'] ?? (generation['responseMimeType'] === 'application/json' || undefined),
    };
  },
};

function toolOf(tool: unknown, schema: string): Tool {
  return isObject(tool) ? { name: textIn(tool['name']), schema: tool[schema] } : { name: '', schema: undefined };
}

function wordOf(choice: unknown, one: boolean): 'none' | 'one' | 'all' {
  if (textIn(choice).toLowerCase() === 'none') return 'none';
  return one ? 'one' : 'all';
}

export function wishesOf({ tools, choice, answered, format }: Asked): Wishes {
  const calling = answered || choice === 'none' ? [] : tools;
  const called =
    typeof choice === 'object'
      ? tools.filter(({ name }) => name === choice.name)
      : calling.slice(0, choice === 'one' ? 1 : undefined);
  const calls = (answered ? [] : called).map(({ name, schema }) => ({ name, input: exampleOf(schema) as object }));
  return { calls, ...(format !== undefined && { json: JSON.stringify(format === true ? { answer: 42 } : exampleOf(format)) }) };
}

/** Something that keeps a JSON schema, as far as these are written here. */
function exampleOf(schema: unknown): unknown {
  if (!isObject(schema)) return {};
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch (schema['type']) {
    case 'string':
      return 'Paris';
    case 'number':
    case 'integer':
      return 21;
    case 'boolean':
      return true;
    case 'array':
      return [exampleOf(schema['items'])];
    default: {
      const properties = isObject(schema['properties']) ? schema['properties'] : {};
      return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, exampleOf(inner)]));
    }
  }
}
