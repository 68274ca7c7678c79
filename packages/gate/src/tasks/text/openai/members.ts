import type { AnswerFormat, ToolChoice, ToolDefinition } from '@purser/providers';

import type { OpenAiChatBody } from '../../../gate.ts';
import type { Asked } from '../chat-input.ts';

type Json = Readonly<Record<string, unknown>>;

/** The tools of a body. Those that are no functions are asked for by their type. */
export function toolsOf({ tools }: OpenAiChatBody, asked: Asked[]): readonly ToolDefinition[] {
  if (!Array.isArray(tools) || tools.length === 0) return [];
  asked.push({ feature: 'tools', member: 'tools' });
  return (tools as readonly Json[]).flatMap((tool, index) => {
    const member = `tools.${index}`;
    if (tool['type'] !== 'function') {
      asked.push({ feature: `${String(tool['type'])}_tools`, member: `${member}.type` });
      return [];
    }
    const { name, description, parameters, strict, ...rest } = (tool['function'] ?? {}) as Json;
    const { type: _, function: __, ...beside } = tool;
    for (const other of Object.keys({ ...rest, ...beside })) {
      if ((rest[other] ?? beside[other] ?? null) !== null)
        asked.push({ feature: `tools.${other}`, member: `${member}.${other}` });
    }
    if (strict === true) asked.push({ feature: 'strict_tools', member: `${member}.function.strict` });
    return [
      {
        name: String(name),
        ...(typeof description === 'string' && { description }),
        ...(typeof parameters === 'object' && parameters !== null && { parameters }),
        ...(strict === true && { strict }),
      },
    ];
  });
}

/** Which tool is to be called. `allowed_tools` and the like are asked for by their type. */
export function toolChoiceOf(choice: unknown, asked: Asked[]): ToolChoice | undefined {
  asked.push({ feature: 'tool_choice', member: 'tool_choice' });
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const { type, function: named } = (choice ?? {}) as { type?: unknown; function?: { name?: unknown } };
  if (type === 'function' && typeof named?.name === 'string') return { name: named.name };
  asked.push({ feature: `tool_choice ${String(type)}`, member: 'tool_choice.type' });
  return undefined;
}

export function formatOf(wanted: unknown, asked: Asked[]): AnswerFormat | undefined {
  const { type, json_schema } = wanted as { type?: unknown; json_schema?: Json };
  if (type === 'json_object') {
    asked.push({ feature: 'json', member: 'response_format' });
    return { type: 'json' };
  }
  if (type !== 'json_schema' || typeof json_schema?.['schema'] !== 'object' || json_schema['schema'] === null) {
    asked.push({ feature: `response_format ${String(type)}`, member: 'response_format' });
    return undefined;
  }
  asked.push({ feature: 'json_schema', member: 'response_format' });
  const { name, schema, description, strict } = json_schema;
  return {
    type: 'json_schema',
    name: String(name),
    schema,
    ...(typeof description === 'string' && { description }),
    ...(typeof strict === 'boolean' && { strict }),
  };
}
