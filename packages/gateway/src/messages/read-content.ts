import type { Asked } from '@purser/gate';
import type { ContentPart, ImagePart, TextPart } from '@purser/providers';

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
  textAt,
  unsupported,
} from '../chat/reading.ts';
import { cacheOf } from './cache-control.ts';

/** The content of a message: a text, or blocks. */
export function contentOf(content: unknown, at: string, asked: Asked[]): string | readonly ContentPart[] {
  if (typeof content === 'string') return content;
  return listAt(content, at).map((block, index) => partOf(objectAt(block, `${at}.${index}`), `${at}.${index}`, asked));
}

function partOf(block: Json, at: string, asked: Asked[]): ContentPart {
  switch (block['type']) {
    case 'text':
      return textPart(block, at, asked);
    case 'image':
      return imagePart(block, at, asked);
    case 'tool_use':
      onlyKnown(block, members('type id name input cache_control caller'), `${at}.`);
      return {
        type: 'tool_call',
        id: textAt(block['id'], `${at}.id`),
        name: textAt(block['name'], `${at}.name`),
        arguments: JSON.stringify(objectAt(block['input'], `${at}.input`)),
        ...cacheOf(block, at, asked),
      };
    case 'tool_result':
      return resultPart(block, at, asked);
    case 'thinking':
      asked.push({ feature: 'thoughts', member: at });
      return {
        type: 'thought',
        text: textAt(block['thinking'], `${at}.thinking`),
        signature: textAt(block['signature'], `${at}.signature`),
      };
    case 'redacted_thinking':
      asked.push({ feature: 'thoughts', member: at });
      return { type: 'sealed_thought', data: textAt(block['data'], `${at}.data`) };
    default:
      return mistake(`${at}.type`, block['type'], 'text, image, tool_use, tool_result, thinking or redacted_thinking');
  }
}

function textPart(block: Json, at: string, asked: Asked[]): TextPart {
  onlyKnown(block, members('type text cache_control'), `${at}.`);
  return { type: 'text', text: textAt(block['text'], `${at}.text`), ...cacheOf(block, at, asked) };
}

const HTTPS = /^https?:\/\//iu;

function imagePart(block: Json, at: string, asked: Asked[]): ImagePart {
  onlyKnown(block, members('type source cache_control'), `${at}.`);
  const source = objectAt(block['source'], `${at}.source`);
  const type = oneOf(source['type'], `${at}.source.type`, ['base64', 'url']);
  asked.push({ feature: type === 'url' ? 'image_url' : 'image_data', member: `${at}.source` });
  const cached = cacheOf(block, at, asked);
  if (type === 'url') {
    const url = textAt(source['url'], `${at}.source.url`);
    if (!HTTPS.test(url) || !URL.canParse(url)) mistake(`${at}.source.url`, url, 'an address with https');
    return { type: 'image', source: { url }, ...cached };
  }
  const media_type = oneOf(source['media_type'], `${at}.source.media_type`, [
    'image/jpeg',
    'image/png',
    'image/gif',
    'image/webp',
  ]);
  return { type: 'image', source: { media_type, base64: textAt(source['data'], `${at}.source.data`) }, ...cached };
}

function resultPart(block: Json, at: string, asked: Asked[]): ContentPart {
  onlyKnown(block, members('type tool_use_id content is_error cache_control'), `${at}.`);
  const failed = optionalFlag(block['is_error'], `${at}.is_error`) === true;
  if (failed) asked.push({ feature: 'failed_tool_result', member: `${at}.is_error` });
  const content = isSet(block['content']) ? contentOf(block['content'], `${at}.content`, asked) : [];
  return {
    type: 'tool_result',
    id: textAt(block['tool_use_id'], `${at}.tool_use_id`),
    content:
      typeof content === 'string'
        ? [{ type: 'text', text: content }]
        : content.map((part, index) => inner(part, `${at}.content.${index}`, asked)),
    ...(failed && { failed }),
    ...cacheOf(block, at, asked),
  };
}

function inner(part: ContentPart, at: string, asked: Asked[]): TextPart | ImagePart {
  if (part.type === 'image') asked.push({ feature: 'image_in_tool_result', member: at });
  return part.type === 'text' || part.type === 'image' ? part : unsupported(at, 'want text or image in what a tool answered');
}
