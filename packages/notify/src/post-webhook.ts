import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

import { addressProblem, lookupPublic } from './safe-address.ts';

const ANSWER_BYTES_MAX = 65_536;

export interface WebhookCall {
  readonly address: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout_ms: number;
  /** Whether addresses of private networks, and http, may be called. */
  readonly private_allowed: boolean;
  /** Ends it early: the process stops. */
  readonly stopping?: AbortSignal | undefined;
}

/** An answer other than 2xx. 410 says that nobody lives there any more. */
export class WebhookRefused extends Error {
  readonly gone: boolean;

  constructor(status: number) {
    super(`the receiver answered ${status}`);
    this.gone = status === 410;
  }
}

/**
 * Posts once, within `timeout_ms` from the first byte to the last. Redirects are not followed: they would lead past the check of
 * the address. @throws on anything but a 2xx answer.
 */
export async function postWebhook({ address, body, headers, timeout_ms, private_allowed, stopping }: WebhookCall): Promise<void> {
  const problem = addressProblem(address, private_allowed);
  if (problem !== undefined) throw new Error(`the address ${problem}`);
  const url = new URL(address);
  const request = url.protocol === 'http:' ? requestHttp : requestHttps;
  const status = await new Promise<number>((resolve, reject) => {
    const call = request(
      url,
      {
        method: 'POST',
        agent: false,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'Purser',
          ...headers,
        },
        signal: AbortSignal.any([AbortSignal.timeout(timeout_ms), ...(stopping ? [stopping] : [])]),
        ...(!private_allowed && { lookup: lookupPublic }),
      },
      (answer) => {
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > ANSWER_BYTES_MAX) answer.destroy();
        });
        // What the receiver says is in its status; its words are not waited for beyond the bound.
        answer.on('close', () => resolve(answer.statusCode ?? 0));
        answer.on('error', () => {});
      },
    );
    call.on('error', (error) =>
      reject(
        error.name === 'AbortError' || error.name === 'TimeoutError' ? new Error(`no answer within ${timeout_ms} ms`) : error,
      ),
    );
    call.end(body);
  });
  if (status < 200 || status > 299) throw new WebhookRefused(status);
}
