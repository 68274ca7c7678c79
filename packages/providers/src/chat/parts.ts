/** What a message is made of, in no provider's words. */

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  /** What stands before and with it is to be kept in the provider's cache for some minutes. */
  readonly cached?: true;
}

/** A picture in a prompt. A provider fetches an address by itself; nothing is fetched here. */
export interface ImagePart {
  readonly type: 'image';
  readonly source: ImageAddress | ImageData;
  /** How closely the model is to look, in OpenAI's words. */
  readonly detail?: string;
  readonly cached?: true;
}

interface ImageAddress {
  readonly url: string;
}

export interface ImageData {
  /** `image/png` */
  readonly media_type: string;
  readonly base64: string;
}

/** A call of a tool that the model asks its caller to run. */
export interface ToolCallPart {
  readonly type: 'tool_call';
  /** Names the call towards its result. */
  readonly id: string;
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
  readonly cached?: true;
}

/** What a tool answered. */
export interface ToolResultPart {
  readonly type: 'tool_result';
  readonly id: string;
  readonly content: readonly (TextPart | ImagePart)[];
  /** The tool failed, and says so. */
  readonly failed?: true;
  readonly cached?: true;
}

/** Reasoning that a provider shows, with the mark by which it knows it again; or what it shows only sealed. */
export type ThoughtPart =
  | { readonly type: 'thought'; readonly text: string; readonly signature: string }
  | { readonly type: 'sealed_thought'; readonly data: string };

export type ContentPart = TextPart | ImagePart | ToolCallPart | ToolResultPart | ThoughtPart;

/** What a model answers with, in the order in which it came. */
export type AnswerPart = TextPart | ToolCallPart | ThoughtPart;

/** A piece of an answer as it comes. Pieces of one kind that follow one another are one part, but for calls: `tool_call` begins each. */
export type AnswerPiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thought'; readonly text: string; readonly signature?: string }
  | { readonly type: 'sealed_thought'; readonly text: string }
  /** `index` counts the calls of one answer; `text`: what is known of its arguments so far. */
  | { readonly type: 'tool_call'; readonly index: number; readonly id: string; readonly name: string; readonly text: string }
  | { readonly type: 'tool_arguments'; readonly index: number; readonly text: string };

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments; absent: it takes none. */
  readonly parameters?: object;
  /** The arguments must keep the schema. */
  readonly strict?: boolean;
  /** Its arguments may be streamed before they are known to be JSON. */
  readonly eager?: boolean;
  readonly cached?: true;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** How the answer is to be written: as JSON of any kind, or as JSON of one shape. */
export type AnswerFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema: object;
      readonly description?: string;
      readonly strict?: boolean;
    };

/** The text of a message or of an answer; of anything else in it, nothing. */
export function textOf(content: string | readonly ContentPart[]): string {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

export function imagesIn(content: string | readonly ContentPart[]): readonly ImagePart[] {
  if (typeof content === 'string') return [];
  return content.flatMap((part) => {
    if (part.type === 'image') return [part];
    return part.type === 'tool_result' ? part.content.filter((inner) => inner.type === 'image') : [];
  });
}
