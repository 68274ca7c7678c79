import type { FailureContext } from '../failure.ts';
import type { AnswerHeaders, TransportAnswer } from '../upstream/transport.ts';

/** A request that is written here, in the provider's own protocol. */
export interface EndpointRequest {
  /** Below the provider's address: `/audio/speech`. */
  readonly path: string;
  readonly body: string | Uint8Array;
  readonly content_type: string;
  readonly signal: AbortSignal;
  /** The most that its answer can be within its limits; absent: what the transport reads. */
  readonly bytes_max?: number;
  /** Which answers come as a stream; absent: none. */
  readonly streams?: (status: number, headers: AnswerHeaders) => boolean;
}

/** A provider as calls are sent to it that are no chat. */
export interface Endpoint {
  readonly context: FailureContext;
  /** One physical request. @throws ProviderError when there is no answer, or one of an error's status */
  send(request: EndpointRequest): Promise<TransportAnswer>;
}

export function jsonRequest(path: string, body: object, signal: AbortSignal): EndpointRequest {
  return { path, body: JSON.stringify(body), content_type: 'application/json', signal };
}
