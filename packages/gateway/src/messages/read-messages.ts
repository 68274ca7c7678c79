import type { Asked, ChatInput } from '@purser/gate';
import type { ChatRequest, ProviderMessage, ToolChoice, ToolDefinition } from '@purser/providers';

import {
  isSet,
  type Json,
  listAt,
  members,
  objectAt,
  oneOf,
  onlyKnown,
  optionalFlag,
  optionalNumber,
  optionalText,
  textAt,
  unsupported,
} from '../chat/reading.ts';
import { cacheOf } from './cache-control.ts';
import { contentOf } from './read-content.ts';

const KNOWN =
  members(`model models messages max_tokens system metadata stop_sequences stream temperature top_k top_p tools tool_choice thinking
  output_config service_tier speed`);

/** A body of Anthropic's messages in no provider's words. Throws a mistake for what nothing here has a word for. */
export function readMessages(body: Json): ChatInput {
  onlyKnown(body, KNOWN);
  if (isSet(body['service_tier'])) oneOf(body['service_tier'], 'service_tier', ['auto', 'standard_only']);
  if (isSet(body['speed'])) oneOf(body['speed'], 'speed', ['standard']);
  const asked: Asked[] = [];
  const tools = toolsOf(body, asked);
  const choice = choiceOf(body, asked);
  const settings = settingsOf(body, asked);
  const chat: ChatRequest = {
    messages: [...systemOf(body, asked), ...messagesOf(body, asked)],
    settings,
    ...(tools.length > 0 && { tools, ...choice }),
    ...formatOf(body, asked),
  };
  return { chat, asked, output_tokens_max: optionalNumber(body['max_tokens'], 'max_tokens') };
}

function systemOf({ system }: Json, asked: Asked[]): ProviderMessage[] {
  return isSet(system) ? [{ role: 'system', content: contentOf(system, 'system', asked) }] : [];
}

function messagesOf({ messages }: Json, asked: Asked[]): ProviderMessage[] {
  return listAt(messages, 'messages').map((given, index) => {
    const at = `messages.${index}`;
    const message = objectAt(given, at);
    onlyKnown(message, members('role content'), `${at}.`);
    const role = oneOf(message['role'], `${at}.role`, ['user', 'assistant', 'system']);
    return { role, content: contentOf(message['content'], `${at}.content`, asked) };
  });
}

const NUMBERS = ['temperature', 'top_p', 'top_k'] as const;
const DEFAULTS: Readonly<Record<string, number>> = { temperature: 1, top_p: 1 };

function settingsOf(body: Json, asked: Asked[]): NonNullable<ChatRequest['settings']> {
  const settings: { -readonly [name in keyof NonNullable<ChatRequest['settings']>]: NonNullable<ChatRequest['settings']>[name] } =
    {};
  for (const name of NUMBERS) {
    const value = optionalNumber(body[name], name);
    if (value === undefined || value === DEFAULTS[name]) continue;
    settings[name] = value;
    asked.push({ feature: name, member: name });
  }
  const stop = listAt(body['stop_sequences'], 'stop_sequences').map((text, index) => textAt(text, `stop_sequences.${index}`));
  if (stop.length > 0) {
    settings.stop = stop;
    asked.push({ feature: 'stop', member: 'stop_sequences' });
  }
  const effort = isSet(body['output_config']) ? objectAt(body['output_config'], 'output_config')['effort'] : undefined;
  if (isSet(effort)) {
    settings.reasoning_effort = textAt(effort, 'output_config.effort');
    asked.push({ feature: 'reasoning_effort', member: 'output_config.effort' });
  }
  if (isSet(body['thinking'])) {
    const thinking = objectAt(body['thinking'], 'thinking');
    // What is usual anyway asks nothing of models that have no such word.
    settings.thinking = thinking;
    if (thinking['type'] !== 'disabled') asked.push({ feature: 'thinking', member: 'thinking' });
  }
  return settings;
}

function toolsOf({ tools }: Json, asked: Asked[]): readonly ToolDefinition[] {
  const given = listAt(tools, 'tools');
  if (given.length > 0) asked.push({ feature: 'tools', member: 'tools' });
  return given.map((one, index) => {
    const at = `tools.${index}`;
    const tool = objectAt(one, at);
    if (isSet(tool['type']) && tool['type'] !== 'custom')
      unsupported(`${at}.type`, 'want custom; the maximum cost of a tool that the provider runs is not known in advance');
    onlyKnown(tool, members('type name description input_schema strict cache_control eager_input_streaming'), `${at}.`);
    const strict = optionalFlag(tool['strict'], `${at}.strict`);
    if (strict === true) asked.push({ feature: 'strict_tools', member: `${at}.strict` });
    const description = optionalText(tool['description'], `${at}.description`);
    return {
      name: textAt(tool['name'], `${at}.name`),
      ...(description !== undefined && { description }),
      parameters: objectAt(tool['input_schema'], `${at}.input_schema`),
      ...(strict === true && { strict }),
      // In which pieces a provider streams arguments is its own affair where it has no word for it.
      ...(tool['eager_input_streaming'] === true && { eager: true }),
      ...cacheOf(tool, at, asked),
    };
  });
}

function choiceOf({ tool_choice }: Json, asked: Asked[]): Pick<ChatRequest, 'tool_choice' | 'parallel_tool_calls'> {
  if (!isSet(tool_choice)) return {};
  const given = objectAt(tool_choice, 'tool_choice');
  onlyKnown(given, members('type name disable_parallel_tool_use'), 'tool_choice.');
  const type = oneOf(given['type'], 'tool_choice.type', ['auto', 'any', 'tool', 'none']);
  if (type !== 'auto') asked.push({ feature: 'tool_choice', member: 'tool_choice' });
  const one = optionalFlag(given['disable_parallel_tool_use'], 'tool_choice.disable_parallel_tool_use') === true;
  if (one) asked.push({ feature: 'sequential_tool_calls', member: 'tool_choice.disable_parallel_tool_use' });
  const choice: ToolChoice =
    type === 'tool' ? { name: textAt(given['name'], 'tool_choice.name') } : type === 'any' ? 'required' : type;
  return { ...(choice !== 'auto' && { tool_choice: choice }), ...(one && { parallel_tool_calls: false }) };
}

function formatOf({ output_config }: Json, asked: Asked[]): Pick<ChatRequest, 'format'> {
  if (!isSet(output_config)) return {};
  const config = objectAt(output_config, 'output_config');
  onlyKnown(config, members('effort format'), 'output_config.');
  if (!isSet(config['format'])) return {};
  const format = objectAt(config['format'], 'output_config.format');
  oneOf(format['type'], 'output_config.format.type', ['json_schema']);
  asked.push({ feature: 'json_schema', member: 'output_config.format' });
  const schema = objectAt(format['schema'], 'output_config.format.schema');
  return { format: { type: 'json_schema', name: 'answer', schema } };
}

/** Whom the caller names as its user, where it is a name that limits can be kept for. */
export function userIn({ metadata }: Json): string | undefined {
  if (!isSet(metadata)) return undefined;
  const given = objectAt(metadata, 'metadata');
  onlyKnown(given, members('user_id'), 'metadata.');
  return optionalText(given['user_id'], 'metadata.user_id');
}
