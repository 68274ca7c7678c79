import type { Asked, ChatInput } from '@purser/gate';
import type { AnswerFormat, ChatRequest, ProviderMessage, ToolChoice, ToolDefinition } from '@purser/providers';

import {
  isSet,
  type Json,
  listAt,
  members,
  mistake,
  objectAt,
  oneOf,
  onlyKnown,
  optionalFlag,
  optionalNumber,
  optionalText,
  textAt,
  unsupported,
} from '../chat/reading.ts';
import { messagesOf, type Recall } from './read-input.ts';

const KNOWN =
  members(`model models input instructions max_output_tokens tools tool_choice parallel_tool_calls text reasoning temperature top_p
  stream stream_options store metadata include truncation top_logprobs service_tier user background max_tool_calls`);

/** A body of OpenAI's responses in no provider's words. `recall`: what an item was that is named by its id alone. */
export function readResponses(body: Json, recall: Recall): ChatInput {
  if (isSet(body['previous_response_id']))
    unsupported(
      'previous_response_id',
      'answers are not kept here as conversations; send the items of the conversation as input',
    );
  onlyKnown(body, KNOWN);
  refuseWhatCosts(body);
  const asked: Asked[] = [];
  const tools = toolsOf(body, asked);
  const chat: ChatRequest = {
    messages: [...instructionsOf(body), ...messagesOf(body['input'], asked, recall)],
    settings: settingsOf(body, asked),
    ...(tools.length > 0 && { tools, ...choiceOf(body, asked) }),
    ...formatOf(body, asked),
  };
  return { chat, asked, output_tokens_max: optionalNumber(body['max_output_tokens'], 'max_output_tokens') };
}

/** Members of which only the usual value is known here. */
function refuseWhatCosts(body: Json): void {
  const usual: Readonly<Record<string, readonly unknown[]>> = {
    background: [false],
    truncation: ['disabled'],
    top_logprobs: [0],
    service_tier: ['auto', 'default'],
  };
  for (const [member, values] of Object.entries(usual)) {
    if (isSet(body[member]) && !values.includes(body[member])) mistake(member, body[member], `${String(values[0])}, or nothing`);
  }
  if (isSet(body['max_tool_calls']))
    unsupported('max_tool_calls', 'only tools that a provider runs are counted by it; leave it out');
  // Sealed reasoning is asked for by clients that keep their conversation themselves; there is none to give back here.
  for (const [index, wanted] of listAt(body['include'], 'include').entries())
    oneOf(wanted, `include.${index}`, ['reasoning.encrypted_content']);
}

function instructionsOf({ instructions }: Json): ProviderMessage[] {
  return isSet(instructions) ? [{ role: 'system', content: textAt(instructions, 'instructions') }] : [];
}

type Settings = { -readonly [name in keyof NonNullable<ChatRequest['settings']>]: NonNullable<ChatRequest['settings']>[name] };

function settingsOf(body: Json, asked: Asked[]): Settings {
  const settings: Settings = {};
  for (const name of ['temperature', 'top_p'] as const) {
    const value = optionalNumber(body[name], name);
    if (value === undefined || value === 1) continue;
    settings[name] = value;
    asked.push({ feature: name, member: name });
  }
  const effort = reasoningOf(body);
  if (effort !== undefined) {
    settings.reasoning_effort = effort;
    asked.push({ feature: 'reasoning_effort', member: 'reasoning.effort' });
  }
  const verbosity = isSet(body['text']) ? optionalText(objectAt(body['text'], 'text')['verbosity'], 'text.verbosity') : undefined;
  if (verbosity !== undefined && verbosity !== 'medium') {
    settings.verbosity = verbosity;
    asked.push({ feature: 'verbosity', member: 'text.verbosity' });
  }
  return settings;
}

function reasoningOf({ reasoning }: Json): string | undefined {
  if (!isSet(reasoning)) return undefined;
  const given = objectAt(reasoning, 'reasoning');
  onlyKnown(given, members('effort'), 'reasoning.');
  return optionalText(given['effort'], 'reasoning.effort');
}

function toolsOf({ tools }: Json, asked: Asked[]): readonly ToolDefinition[] {
  const given = listAt(tools, 'tools');
  if (given.length > 0) asked.push({ feature: 'tools', member: 'tools' });
  return given.map((one, index) => {
    const at = `tools.${index}`;
    const tool = objectAt(one, at);
    if (tool['type'] !== 'function')
      unsupported(`${at}.type`, 'want function; the maximum cost of a tool that the provider runs is not known in advance');
    onlyKnown(tool, members('type name description parameters strict'), `${at}.`);
    const strict = optionalFlag(tool['strict'], `${at}.strict`);
    if (strict === true) asked.push({ feature: 'strict_tools', member: `${at}.strict` });
    const description = optionalText(tool['description'], `${at}.description`);
    return {
      name: textAt(tool['name'], `${at}.name`),
      ...(description !== undefined && { description }),
      ...(isSet(tool['parameters']) && { parameters: objectAt(tool['parameters'], `${at}.parameters`) }),
      ...(strict === true && { strict }),
    };
  });
}

function choiceOf(body: Json, asked: Asked[]): Pick<ChatRequest, 'tool_choice' | 'parallel_tool_calls'> {
  const choice = isSet(body['tool_choice']) && body['tool_choice'] !== 'auto' ? choiceIn(body['tool_choice']) : undefined;
  if (choice !== undefined) asked.push({ feature: 'tool_choice', member: 'tool_choice' });
  const one = optionalFlag(body['parallel_tool_calls'], 'parallel_tool_calls') === false;
  if (one) asked.push({ feature: 'sequential_tool_calls', member: 'parallel_tool_calls' });
  return { ...(choice !== undefined && { tool_choice: choice }), ...(one && { parallel_tool_calls: false }) };
}

function choiceIn(given: unknown): ToolChoice {
  if (typeof given === 'string') return oneOf(given, 'tool_choice', ['none', 'required'] as const);
  const choice = objectAt(given, 'tool_choice');
  oneOf(choice['type'], 'tool_choice.type', ['function']);
  return { name: textAt(choice['name'], 'tool_choice.name') };
}

function formatOf({ text }: Json, asked: Asked[]): { readonly format?: AnswerFormat } {
  if (!isSet(text)) return {};
  const config = objectAt(text, 'text');
  onlyKnown(config, members('format verbosity'), 'text.');
  if (!isSet(config['format'])) return {};
  const format = objectAt(config['format'], 'text.format');
  const type = oneOf(format['type'], 'text.format.type', ['text', 'json_object', 'json_schema']);
  if (type === 'text') return {};
  asked.push({ feature: type === 'json_object' ? 'json' : 'json_schema', member: 'text.format' });
  if (type === 'json_object') return { format: { type: 'json' } };
  onlyKnown(format, members('type name schema description strict'), 'text.format.');
  const description = optionalText(format['description'], 'text.format.description');
  const strict = optionalFlag(format['strict'], 'text.format.strict');
  return {
    format: {
      type: 'json_schema',
      name: textAt(format['name'], 'text.format.name'),
      schema: objectAt(format['schema'], 'text.format.schema'),
      ...(description !== undefined && { description }),
      ...(strict !== undefined && { strict }),
    },
  };
}
