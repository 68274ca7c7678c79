import { type Refusal, refuse } from '@purser/core';
import { type ContentPart, imagesIn, type ProviderMessage } from '@purser/providers';
import { type PromptBounds, promptBounds, serialisedBounds } from '@purser/routing';

import type { Sizing } from '../task.ts';
import type { ChatInput } from './chat-input.ts';
import { boundsOf } from './openai/request.ts';
import { chatInputOf, instructed, type TextInput, type TextSize } from './text-input.ts';

/**
 * Words of a provider's own that tell a model how to call tools or to keep a shape: 804 tokens at most by the table of
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, fewer elsewhere.
 */
const FRAME_TOKENS_MAX = 1_024;

/** Bounds what one request may ask: too much input is refused, too much output is cut to what the plan allows, and said so. */
export function sizeOf({ input, operation, policy }: Sizing<TextInput>): TextSize | Refusal {
  const { input_chars_max, output_tokens_max } = policy.request;
  const chat = 'messages' in input ? undefined : chatInputOf(input);
  const images = chat === undefined ? [] : chat.chat.messages.flatMap(({ content }) => imagesIn(content));
  const bounds = boundsFor(input, operation, chat, images.length);
  if (bounds.chars > input_chars_max) {
    return refuse('request_too_large', `the prompt has ${bounds.chars} characters; the plan allows ${input_chars_max}`);
  }
  const asked = chat === undefined && 'output_tokens_max' in input ? input.output_tokens_max : chat?.output_tokens_max;
  const output_tokens = asked ?? operation.output_tokens_default;
  const frame_tokens = chat !== undefined && (chat.chat.tools ?? chat.chat.format) !== undefined ? FRAME_TOKENS_MAX : 0;
  if (output_tokens <= output_tokens_max) return { bounds, images, frame_tokens, output_tokens };
  const level = policy.degraded.get('request.output_tokens_max');
  const why = level?.why ?? `the plan allows ${output_tokens_max} tokens a request`;
  const cut = { what: `output cut to ${output_tokens_max} tokens`, why };
  // Who asked for no number is told only when a ladder, and not the plan, gives less than the operation would.
  const told = asked !== undefined || level !== undefined;
  return { bounds, images, frame_tokens, output_tokens: output_tokens_max, ...(told && { cut }) };
}

function boundsFor(
  input: TextInput,
  operation: Sizing<TextInput>['operation'],
  chat: ChatInput | undefined,
  images: number,
): PromptBounds {
  if ('body' in input) return boundsOf(input.body, images);
  if (chat === undefined) {
    const { messages } = input as Exclude<TextInput, ChatInput | { readonly body: unknown }>;
    return promptBounds(instructed(operation, messages) as readonly { readonly content: string }[]);
  }
  const { messages, ...rest } = chat.chat;
  const all = instructed(operation, messages).map(withoutPictures);
  return serialisedBounds(JSON.stringify({ ...rest, messages: all }), messages.length + images);
}

/** Pictures are counted by their own rule, not by their bytes. */
function withoutPictures(message: ProviderMessage): ProviderMessage {
  const { content } = message;
  return typeof content === 'string' ? message : { ...message, content: content.map(withoutPicture) };
}

function withoutPicture(part: ContentPart): ContentPart {
  if (part.type === 'image') return 'url' in part.source ? part : { ...part, source: { ...part.source, base64: '' } };
  if (part.type !== 'tool_result') return part;
  return { ...part, content: part.content.map(withoutPicture) as typeof part.content };
}
