import type { IncomingMessage, ServerResponse } from 'node:http';

import { Guard, type Guarded, type GuardOptions, isProblem, problemHeaders, receiptHeaders } from './middleware/guard.ts';
import type { Purser } from './types.ts';

export type { Guarded, GuardOptions } from './middleware/guard.ts';

export type ExpressGuard<Request extends IncomingMessage, Response extends ServerResponse> = (
  request: Request,
  response: Response,
  next: (error?: unknown) => void,
) => Promise<void>;

/** What a guarded handler has: `const { spent } = purserOf(request)`. @throws where no guard stands before the route. */
export function purserOf(request: IncomingMessage): Guarded {
  const guarded = guards.get(request);
  if (guarded === undefined) throw new Error('no guard of purser-engine stands before this route');
  return guarded;
}

const guards = new WeakMap<IncomingMessage, Guarded>();

/**
 * Holds before the handler runs, and settles what it says with `purserOf(request).spent(…)` before the end of its answer goes out. A refusal is
 * answered as a problem (RFC 9457).
 */
export function guard<Request extends IncomingMessage, Response extends ServerResponse>(
  purser: Purser,
  options: GuardOptions<Request>,
): ExpressGuard<Request, Response> {
  return async (request, response, next) => {
    const open = await Guard.open(purser, options, request);
    if (isProblem(open)) {
      response.writeHead(open.status, problemHeaders(open)).end(JSON.stringify(open));
      return;
    }
    guards.set(request, open.guarded);
    settleBeforeEnd(response, open, next);
    // A client that leaves gets no end: the work may have been done.
    response.once('close', () => {
      if (!response.writableEnded) open.end(true).catch(() => {});
    });
    next();
  };
}

/** The answer's end waits for the books: who has read it may read them. */
function settleBeforeEnd(response: ServerResponse, open: Guard, next: (error?: unknown) => void): void {
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  const settleAndEnd = async (args: readonly unknown[]): Promise<void> => {
    try {
      const receipt = await open.end(response.statusCode >= 500);
      const headers = response.headersSent ? {} : receiptHeaders(open.guarded.transaction_id, receipt);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      end(...args);
    } catch (error) {
      if (response.headersSent) response.destroy(error instanceof Error ? error : undefined);
      else next(error);
    }
  };
  response.end = ((...args: unknown[]): ServerResponse => {
    response.end = end as ServerResponse['end'];
    settleAndEnd(args).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    return response;
  }) as ServerResponse['end'];
}
