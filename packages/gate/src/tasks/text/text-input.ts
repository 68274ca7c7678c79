import type { Operation } from '@purser/catalog';
import type { AnswerPart, ImagePart, ProviderMessage } from '@purser/providers';
import type { PromptBounds } from '@purser/routing';

import type { ChatMessage, OpenAiChatBody } from '../../gate.ts';
import type { Size } from '../task.ts';
import type { ChatInput } from './chat-input.ts';
import { chatOf } from './openai/translate.ts';

/** Messages; a chat; or a body in OpenAI's format, which goes to the provider as it came where that speaks the format. */
export type TextInput =
  | { readonly messages: readonly ChatMessage[]; readonly output_tokens_max: number | undefined }
  | { readonly body: OpenAiChatBody }
  | ChatInput;

export interface TextSize extends Size {
  readonly bounds: PromptBounds;
  /** Counted by the rule of whoever sees them. */
  readonly images: readonly ImagePart[];
  /** What providers write around tools and shapes of answers. */
  readonly frame_tokens: number;
  readonly output_tokens: number;
}

export interface TextResult {
  readonly output: string;
  readonly finish: string;
  /** All of it in order, where it is more than text. */
  readonly parts?: readonly AnswerPart[];
  readonly stop_sequence?: string;
}

/** What the operation tells the model, before the caller's own words. */
export function instructed(operation: Operation, messages: readonly ProviderMessage[]): readonly ProviderMessage[] {
  return operation.instructions === undefined ? messages : [{ role: 'system', content: operation.instructions }, ...messages];
}

/** Any input as a chat. */
export function chatInputOf(input: TextInput): ChatInput {
  if ('chat' in input) return input;
  if ('body' in input) return chatOf(input.body);
  return { chat: { messages: input.messages }, asked: [], output_tokens_max: input.output_tokens_max };
}
