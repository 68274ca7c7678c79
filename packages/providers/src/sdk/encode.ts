/** A request as an SDK writes it. */
export interface EncodedRequest {
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string;
}

class Written extends Error {}

/**
 * Lets an SDK write a request without sending it. Only its writing is used: it reads answers too strictly (an event of a new type is
 * an error to it), loses text, reports and the provider's words, and some fetch continuations behind our back.
 * @throws what the SDK throws when it cannot write the request
 */
export async function encodeRequest(write: (fetch: typeof globalThis.fetch) => PromiseLike<unknown>): Promise<EncodedRequest> {
  let encoded: EncodedRequest | undefined;
  const record: typeof globalThis.fetch = async (input, init) => {
    const body = init?.body;
    encoded = {
      url: new URL(input instanceof Request ? input.url : input),
      headers: [...new Headers(init?.headers)].filter(([name]) => name !== 'accept-encoding').flat(),
      body: typeof body === 'string' ? body : '',
    };
    throw new Written('a request was written');
  };
  try {
    await write(record);
  } catch (error) {
    if (encoded === undefined) throw error;
  }
  if (encoded === undefined) throw new Error('the SDK wrote no request');
  return encoded;
}
