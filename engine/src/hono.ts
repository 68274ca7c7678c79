import { Guard, type Guarded, type GuardOptions, isProblem, problemHeaders, receiptHeaders } from './middleware/guard.ts';
import type { Purser } from './types.ts';

export type { Guarded, GuardOptions } from './middleware/guard.ts';

/** As far as a guard asks: a context of Hono 4. */
export interface HonoContext {
  readonly req: {
    header(name: string): string | undefined;
    readonly raw: Request;
    readonly path: string;
    readonly method: string;
  };
  res: Response;
  readonly error: Error | undefined;
  set(key: 'purser', value: Guarded): void;
}

/** A middleware of Hono 4. */
export type HonoGuard = (context: HonoContext, next: () => Promise<void>) => Promise<Response | void>;

/** What a guarded route finds in its context: `new Hono<{ Variables: PurserVariables }>()`. */
export interface PurserVariables {
  purser: Guarded;
}

/**
 * Holds before the handler runs, and settles what it says with `c.get('purser').spent(…)` before its answer goes out. A refusal is answered as a
 * problem (RFC 9457).
 */
export function guard(purser: Purser, options: GuardOptions<HonoContext>): HonoGuard {
  return async (context, next) => {
    const open = await Guard.open(purser, options, context);
    if (isProblem(open)) return new Response(JSON.stringify(open), { status: open.status, headers: problemHeaders(open) });
    context.set('purser', open.guarded);
    try {
      await next();
    } catch (error) {
      await open.end(true);
      throw error;
    }
    const receipt = await open.end(context.error !== undefined || context.res.status >= 500);
    const response = new Response(context.res.body, context.res);
    for (const [name, value] of Object.entries(receiptHeaders(open.guarded.transaction_id, receipt)))
      response.headers.set(name, value);
    context.res = response;
    return undefined;
  };
}
