import type { Operation } from '@purser/catalog';
import type { PromptBounds } from '@purser/routing';

import type { ChatMessage, OpenAiChatBody } from '../../gate.ts';
import type { Size } from '../task.ts';

/** Messages, or a body in OpenAI's format, which goes to the provider as it came where that speaks the format. */
export type TextInput =
  | { readonly messages: readonly ChatMessage[]; readonly output_tokens_max: number | undefined }
  | { readonly body: OpenAiChatBody };

export interface TextSize extends Size {
  readonly bounds: PromptBounds;
  readonly output_tokens: number;
}

export interface TextResult {
  readonly output: string;
  readonly finish: string;
}

/** What the operation tells the model, before the caller's own words. */
export function instructed(operation: Operation, messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return operation.instructions === undefined ? messages : [{ role: 'system', content: operation.instructions }, ...messages];
}
