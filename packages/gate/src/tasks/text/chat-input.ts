import type { ChatRequest } from '@purser/providers';

/** Something a request asks for that not every provider does, and the member by which the caller asked for it. */
export interface Asked {
  /** A `ChatFeature`; or a member of a wire format that no neutral word is for, which only its own servers do. */
  readonly feature: string;
  readonly member: string;
}

/** A chat in no provider's words. */
export interface ChatInput {
  readonly chat: ChatRequest;
  readonly asked: readonly Asked[];
  readonly output_tokens_max: number | undefined;
}
