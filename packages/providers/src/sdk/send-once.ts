import { begun, type FailureContext, garbageFailure, statusFailure, transportFailure } from '../failure.ts';
import type { KeyRing } from '../key-ring.ts';
import type { Endpoint } from '../media/endpoint.ts';
import { BodyTooLong, contentType, type Transport, type TransportAnswer, TransportError } from '../upstream/transport.ts';
import type { EncodedRequest } from './encode.ts';
import type { Family } from './families.ts';

/** How one provider is reached. */
interface Reached {
  readonly family: Pick<Family, 'credentials'>;
  readonly transport: Transport;
  readonly context: FailureContext;
  readonly keys: KeyRing;
  readonly base_url: string;
}

/** The same provider for requests that are written here. */
export function endpointOf({ family, transport, context, keys, base_url }: Reached): Endpoint {
  const base = new URL(base_url).pathname.replace(/\/+$/u, '');
  return {
    context,
    send: ({ path, body, content_type, signal, bytes_max, streams }) =>
      keys.use(async (key) => {
        const headers = [...family.credentials(key), 'content-type', content_type, 'accept-encoding', 'identity'];
        const answer = await sent(context, false, () =>
          transport.send({
            method: 'POST',
            path: base + path,
            headers,
            body,
            signal,
            ...(bytes_max === undefined ? {} : { bytes_max }),
            streams: streams ?? (() => false),
          }),
        );
        return successful(context, answer);
      }),
  };
}

/** @throws ProviderError for an answer of an error's status */
export function successful(context: FailureContext, answer: TransportAnswer): TransportAnswer {
  if (answer.kind === 'whole' && (answer.status < 200 || answer.status >= 300))
    throw statusFailure(context, answer.status, answer.headers, answer.body.toString());
  return answer;
}

/** Sends what an SDK has written. @throws ProviderError */
export function sendOnce(
  transport: Transport,
  context: FailureContext,
  { url, headers, body }: EncodedRequest,
  { signal, bytes_max, limited }: { readonly signal: AbortSignal; readonly bytes_max: number; readonly limited: boolean },
  streams: boolean,
): Promise<TransportAnswer> {
  return sent(context, limited, () =>
    transport.send({
      method: 'POST',
      path: url.pathname + url.search,
      // Identity encoding: bytes are read as they pass.
      headers: [...headers, 'accept-encoding', 'identity'],
      body,
      signal,
      bytes_max,
      streams: (status, answered) => streams && status < 300 && contentType(answered).startsWith('text/event-stream'),
    }),
  );
}

/** @throws ProviderError in place of what the transport throws */
async function sent(
  context: FailureContext,
  limited: boolean,
  attempt: () => Promise<TransportAnswer>,
): Promise<TransportAnswer> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    // Where no limit was sent none was broken: the model is not to be closed for it.
    if (!limited && error.cause instanceof BodyTooLong)
      throw garbageFailure(
        error.headers ? begun(context, error.headers) : context,
        'sent more than is read',
        error.cause.message,
      );
    throw transportFailure(context, error);
  }
}
