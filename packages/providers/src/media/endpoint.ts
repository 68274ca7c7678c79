import { type Json, parseObject } from '../json.ts';
import { begun, type FailureContext, garbageFailure } from '../failure.ts';
import type { AnswerHeaders, TransportAnswer, WholeAnswer } from '../upstream/transport.ts';

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

/** One whole answer, as the JSON object it should be, with what is known of the call now. @throws ProviderError */
export async function sendForJson(
  endpoint: Endpoint,
  request: EndpointRequest,
): Promise<{ readonly body: Json; readonly known: FailureContext }> {
  const answer = (await endpoint.send(request)) as WholeAnswer;
  const known = begun(endpoint.context, answer.headers);
  return { body: jsonOf(answer, known), known };
}

/** @throws ProviderError where a whole answer is no JSON object */
export function jsonOf({ body }: WholeAnswer, known: FailureContext): Json {
  const text = body.toString();
  const value = parseObject(text);
  if (value === undefined) throw garbageFailure(known, 'sent an answer that its protocol does not allow', text.slice(0, 1_000));
  return value;
}

export function jsonRequest(path: string, body: object, signal: AbortSignal): EndpointRequest {
  return { path, body: JSON.stringify(body), content_type: 'application/json', signal };
}
