import type { Asked } from '@purser/gate';
import type { ContentPart, ImagePart, ProviderMessage, TextPart } from '@purser/providers';

import {
  isSet,
  type Json,
  listAt,
  members,
  mistake,
  objectAt,
  oneOf,
  onlyKnown,
  optionalText,
  textAt,
  unsupported,
} from '../chat/reading.ts';

/** What an item of an earlier answer was, by its id; undefined: it is not known, or no longer. */
export type Recall = (id: string) => Json | undefined;

/** The input of a response: a text, or items. */
export function messagesOf(input: unknown, asked: Asked[], recall: Recall): ProviderMessage[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  const messages = listAt(input, 'input').flatMap((item, index) => {
    const at = `input.${index}`;
    return messageOf(recalled(objectAt(item, at), at, recall), at, asked);
  });
  return joined(messages);
}

/** What was said and called in one turn is one message, and so are the results of its calls: some providers take them no other way. */
function joined(messages: readonly ProviderMessage[]): ProviderMessage[] {
  const turns: ProviderMessage[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.role === message.role && (holdsTools(last) || holdsTools(message)))
      turns[turns.length - 1] = { role: last.role, content: [...partsIn(last), ...partsIn(message)] };
    else turns.push(message);
  }
  return turns;
}

function holdsTools(message: ProviderMessage): boolean {
  return partsIn(message).some(({ type }) => type === 'tool_call' || type === 'tool_result');
}

function partsIn({ content }: ProviderMessage): readonly ContentPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** AI SDKs name what was answered before by its id alone. */
function recalled(item: Json, at: string, recall: Recall): Json {
  if (item['type'] !== 'item_reference') return item;
  const id = textAt(item['id'], `${at}.id`);
  return (
    recall(id) ??
    mistake(`${at}.id`, id, 'an item of an answer of the last hour; or send the item itself (store: false makes clients do so)')
  );
}

const ROLES: Readonly<Record<string, ProviderMessage['role']>> = {
  user: 'user',
  assistant: 'assistant',
  system: 'system',
  developer: 'system',
};

function messageOf(item: Json, at: string, asked: Asked[]): ProviderMessage[] {
  switch (item['type'] ?? 'message') {
    case 'message': {
      onlyKnown(item, members('type role content id status phase'), `${at}.`);
      const role = ROLES[oneOf(item['role'], `${at}.role`, Object.keys(ROLES))] ?? 'user';
      return [{ role, content: contentOf(item['content'], `${at}.content`, asked) }];
    }
    case 'function_call': {
      onlyKnown(item, members('type id call_id name arguments status'), `${at}.`);
      const call: ContentPart = {
        type: 'tool_call',
        id: textAt(item['call_id'], `${at}.call_id`),
        name: textAt(item['name'], `${at}.name`),
        arguments: textAt(item['arguments'], `${at}.arguments`),
      };
      return [{ role: 'assistant', content: [call] }];
    }
    case 'function_call_output':
      onlyKnown(item, members('type id call_id output status'), `${at}.`);
      return [{ role: 'user', content: [resultOf(item, at, asked)] }];
    case 'reasoning':
      // What is in it is another provider's own, sealed or not; one that is empty says nothing.
      if (isSet(item['summary']) || isSet(item['encrypted_content']) || isSet(item['content']))
        unsupported(at, 'reasoning of an earlier answer cannot be given back here; leave the item out');
      return [];
    default:
      return mistake(`${at}.type`, item['type'], 'message, function_call, function_call_output or item_reference');
  }
}

function resultOf(item: Json, at: string, asked: Asked[]): ContentPart {
  const content = contentOf(item['output'], `${at}.output`, asked);
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  if (parts.some(({ type }) => type === 'image')) asked.push({ feature: 'image_in_tool_result', member: `${at}.output` });
  return { type: 'tool_result', id: textAt(item['call_id'], `${at}.call_id`), content: parts };
}

function contentOf(content: unknown, at: string, asked: Asked[]): string | readonly (TextPart | ImagePart)[] {
  if (typeof content === 'string') return content;
  const parts = listAt(content, at).map((part, index) => partOf(objectAt(part, `${at}.${index}`), `${at}.${index}`, asked));
  const [only] = parts;
  return parts.length === 1 && only?.type === 'text' ? only.text : parts;
}

function partOf(part: Json, at: string, asked: Asked[]): TextPart | ImagePart {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
      onlyKnown(part, members('type text annotations logprobs'), `${at}.`);
      return { type: 'text', text: textAt(part['text'], `${at}.text`) };
    case 'refusal':
      return { type: 'text', text: textAt(part['refusal'], `${at}.refusal`) };
    case 'input_image':
      return imageOf(part, at, asked);
    default:
      return mistake(`${at}.type`, part['type'], 'input_text, output_text or input_image');
  }
}

const DATA_URL = /^data:(image\/[\w.+-]+);base64,/iu;
const HTTPS = /^https?:\/\//iu;

function imageOf(part: Json, at: string, asked: Asked[]): ImagePart {
  onlyKnown(part, members('type image_url detail'), `${at}.`);
  const url = textAt(part['image_url'], `${at}.image_url`);
  const [start, media_type] = DATA_URL.exec(url) ?? [];
  if (start === undefined && (!HTTPS.test(url) || !URL.canParse(url)))
    mistake(`${at}.image_url`, url, 'an address with https, or data:image/…;base64,…');
  asked.push({ feature: start === undefined ? 'image_url' : 'image_data', member: `${at}.image_url` });
  const detail = optionalText(part['detail'], `${at}.detail`);
  const wish = detail === undefined || detail === 'auto' ? undefined : detail;
  if (wish !== undefined) asked.push({ feature: 'image_detail', member: `${at}.detail` });
  const source =
    start === undefined ? { url } : { media_type: (media_type ?? '').toLowerCase(), base64: url.slice(start.length) };
  return { type: 'image', source, ...(wish !== undefined && { detail: wish }) };
}
