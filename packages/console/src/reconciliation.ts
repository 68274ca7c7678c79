import type { Readable } from 'node:stream';

import { isRefusal, RefusalError, refuse } from '@purser/core';
import { type Charge, readChargesCsv, reconcile, type ReconciledLine } from '@purser/reconciliation';
import { z } from 'zod';
import { counterSchema } from '@purser/api';
import { sendRefusal, callerOf, problems, instantQuery, type App, counter, quantity } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

/** An export of millions of calls; it is read a row at a time. */
const EXPORT_BYTES_MAX = 128 * 1024 * 1024;

const lineSchema = z.object({
  day: z.string(),
  model: z.string().describe('Empty when the provider does not say.'),
  unit: z.string(),
  attempts: counterSchema,
  booked: z.string(),
  posted_before: z.string().describe('By earlier reconciliations of this day.'),
  resolved: z.string().describe('The part that unresolved calls explain.'),
  billed: z.string(),
  difference: z.string().describe('Billed more than booked when positive.'),
});

const wireLine = (line: ReconciledLine): z.infer<typeof lineSchema> => {
  const amount = (nanos: bigint): string => String(quantity(nanos, line.unit));
  return {
    day: line.day,
    model: line.model,
    unit: line.unit,
    attempts: counter(line.attempts),
    booked: amount(line.booked),
    posted_before: amount(line.posted_before),
    resolved: amount(line.resolved),
    billed: amount(line.billed),
    difference: amount(line.difference),
  };
};

/** What providers bill, beside what was booked: compared first, then posted. */
export async function registerReconciliation(app: App, { pool, clock, catalog }: ConsoleDeps): Promise<void> {
  await app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers();
    // Read while it arrives: an export need not fit into memory.
    scope.addContentTypeParser('text/csv', (_request, payload, done) => {
      done(null, payload);
    });
    scope.route({
      method: 'POST',
      url: '/api/admin/reconciliation',
      bodyLimit: EXPORT_BYTES_MAX,
      config: { access: 'admin' },
      schema: {
        tags: ['Administration'],
        summary: 'Compares a provider’s usage export (CSV) with the ledger, and books the differences',
        description:
          'The body is the export as `text/csv`: a header row that names at least a time and a cost. Without `post` nothing is written. ' +
          'Booked are the costs of calls that were unresolved, and the remaining difference per day and model as `cost` against `payable:<provider>`. The same export is booked once.',
        querystring: z.object({
          provider: z.string().max(50).describe('One of the catalog, or of the ledger.'),
          from: instantQuery.describe('A date (UTC).'),
          to: instantQuery.describe('A date (UTC), not included.'),
          post: z.enum(['0', '1']).default('0'),
        }),
        response: {
          200: z.object({
            outcome: z.enum(['compared', 'posted', 'known']),
            import_id: z.string(),
            resolved: z.int(),
            unresolved_left: z.int(),
            lines: z.array(lineSchema),
          }),
          ...problems(400, 401, 403, 422, 503),
        },
      },
      handler: async (request, reply) => {
        const { provider, from, to, post } = request.query;
        const charges = chargesIn(request.body);
        const result = await reconcile(pool, {
          provider,
          providers: catalog.providers,
          from,
          to,
          charges,
          post: post === '1',
          actor: callerOf(request).actor,
          now: clock.now(),
        });
        if (isRefusal(result)) return sendRefusal(request, reply, result);
        const { outcome, import_id, resolved, unresolved_left, lines } = result;
        return reply.send({ outcome, import_id, resolved, unresolved_left, lines: lines.map(wireLine) });
      },
    });
  });
}

function chargesIn(body: unknown): AsyncIterable<Charge> {
  if (body === undefined || body === null) {
    throw new RefusalError(refuse('invalid_request', 'want the provider’s export as the body, with content-type: text/csv'));
  }
  return readChargesCsv(textOf(body as Readable));
}

async function* textOf(body: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > EXPORT_BYTES_MAX) {
        throw new RefusalError(
          refuse('request_too_large', `the export is larger than ${EXPORT_BYTES_MAX / 1024 / 1024} MB; send a shorter span`),
        );
      }
      yield decoder.decode(chunk, { stream: true });
    }
    yield decoder.decode();
  } finally {
    // What is refused half read is read to its end all the same: the next request of the connection follows it.
    body.resume();
  }
}
