import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Cuts the connection. */
export const CUT = Symbol('cut');

/** What a scripted upstream does in turn: sends text, waits so many milliseconds, repeats a keep-alive until its client leaves, or cuts the connection. */
export type Scripted = string | number | typeof CUT | { readonly repeat: string; readonly every_ms: number };

export interface ScriptedAnswer {
  readonly status?: number;
  /** An event stream unless it says otherwise. */
  readonly content_type?: string;
  readonly play: readonly Scripted[];
}

export interface ScriptedUpstream {
  readonly origin: string;
  /** The bodies that were sent to it. */
  readonly bodies: string[];
  close(): Promise<void>;
}

/** An upstream that answers every request with the bytes it is given: for streams as they were seen at a vendor's. */
export function startScripted(
  answer: ScriptedAnswer | ((body: string, path: string) => ScriptedAnswer),
): Promise<ScriptedUpstream> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      bodies.push(body);
      const played = typeof answer === 'function' ? answer(body, request.url ?? '/') : answer;
      play(response, played).catch(() => response.destroy());
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const close = async (): Promise<void> => {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      };
      resolve({ origin, bodies, close });
    });
  });
}

async function play(response: ServerResponse, answer: ScriptedAnswer): Promise<void> {
  response.writeHead(answer.status ?? 200, { 'content-type': answer.content_type ?? 'text/event-stream' });
  response.flushHeaders();
  for (const step of answer.play) {
    if (response.destroyed) return;
    if (typeof step === 'string') response.write(step);
    else if (typeof step === 'number') await sleep(step);
    else if (step === CUT) {
      await sleep(5);
      response.destroy();
    } else {
      while (!response.destroyed) {
        response.write(step.repeat);
        await sleep(step.every_ms);
      }
    }
  }
  response.end();
}
