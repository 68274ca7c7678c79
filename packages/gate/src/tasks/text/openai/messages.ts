import type { ContentPart, ImagePart, ProviderMessage, TextPart, ToolCallPart } from '@purser/providers';

import type { Asked } from '../chat-input.ts';

type Json = Readonly<Record<string, unknown>>;

const ROLES: Readonly<Record<string, ProviderMessage['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'user',
};

/** A message of OpenAI's chat completions. What of it has no neutral word is asked for by its place. */
export function messageOf(message: unknown, at: string, asked: Asked[]): ProviderMessage {
  const { role, content, tool_calls, tool_call_id, ...others } = message as Json;
  const neutral = typeof role === 'string' && Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
  if (neutral === undefined) asked.push({ feature: 'role', member: `${at}.role ${JSON.stringify(role)}` });
  for (const other of Object.keys(others)) {
    if (isSet(others[other])) asked.push({ feature: `messages.${other}`, member: `${at}.${other}` });
  }
  if (role === 'tool') {
    const results = partsOf(content, at, asked);
    return { role: 'user', content: [{ type: 'tool_result', id: String(tool_call_id), content: results }] };
  }
  if (isSet(tool_call_id)) asked.push({ feature: 'messages.tool_call_id', member: `${at}.tool_call_id` });
  const calls = isSet(tool_calls) ? callsOf(tool_calls as readonly Json[], at, asked) : [];
  if (typeof content === 'string' && calls.length === 0) return { role: neutral ?? 'user', content };
  const parts: ContentPart[] = [...partsOf(content, at, asked), ...calls];
  // Texts alone are one text, as models that know no parts get them.
  if (parts.every((part) => part.type === 'text'))
    return { role: neutral ?? 'user', content: parts.map(({ text }) => text).join('\n') };
  return { role: neutral ?? 'user', content: parts };
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function partsOf(content: unknown, at: string, asked: Asked[]): (TextPart | ImagePart)[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return (content as readonly Json[]).map((part, index) => {
    const { type, text, image_url, ...rest } = part;
    for (const other of Object.keys(rest)) {
      if (isSet(rest[other])) asked.push({ feature: `content.${other}`, member: `${at}.content.${index}.${other}` });
    }
    if (type === 'image_url') return imageOf(image_url as Json, `${at}.content.${index}.image_url`, asked);
    return { type: 'text', text: typeof text === 'string' ? text : '' };
  });
}

const DATA_URL = /^data:(image\/[\w.+-]+);base64,/iu;

/** A picture by its address, or in the request itself. */
function imageOf({ url, detail }: Json, member: string, asked: Asked[]): ImagePart {
  const address = String(url);
  const [start, media_type] = DATA_URL.exec(address) ?? [];
  asked.push({ feature: start === undefined ? 'image_url' : 'image_data', member });
  const wish = typeof detail === 'string' && detail !== 'auto' ? detail : undefined;
  if (wish !== undefined) asked.push({ feature: 'image_detail', member: `${member}.detail` });
  const source =
    start === undefined
      ? { url: address }
      : { media_type: (media_type ?? '').toLowerCase(), base64: address.slice(start.length) };
  return { type: 'image', source, ...(wish !== undefined && { detail: wish }) };
}

function callsOf(calls: readonly Json[], at: string, asked: Asked[]): ToolCallPart[] {
  return calls.flatMap(({ id, type, function: about }, index) => {
    const { name, arguments: given } = (about ?? {}) as Json;
    if ((type !== undefined && type !== 'function') || typeof name !== 'string') {
      asked.push({ feature: `tool_calls ${String(type)}`, member: `${at}.tool_calls.${index}` });
      return [];
    }
    return [{ type: 'tool_call', id: String(id), name, arguments: typeof given === 'string' ? given : '' }];
  });
}
