import type { EmbeddingModelV4, ImageModelV4 } from '@ai-sdk/provider';

/** How to reach one provider: its key (empty where none is needed), its address, and the fetch of one call. */
export interface Access {
  readonly api_key: string;
  readonly base_url: string;
  readonly fetch: typeof globalThis.fetch;
}

/** What of a protocol the SDK speaks: all but chats. Each stands in a file of its own, loaded only for a provider that is configured. */
export interface Protocol {
  readonly image?: (access: Access, model: string) => ImageModelV4;
  readonly embedding?: (access: Access, model: string) => EmbeddingModelV4;
}
