import { RefusalError, refuse } from '@purser/core';
import { z } from 'zod';
import { instantSchema } from '@purser/api';
import { problems, type App } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

const LATEST = Temporal.Instant.from('2100-01-01T00:00:00Z');

/** Moves the test clock forward, so that months can be tried in minutes. Exists only where the server was started for it. */
export function registerClock(app: App, { test_clock, log }: ConsoleDeps): void {
  if (test_clock === undefined) return;
  app.route({
    method: 'POST',
    url: '/api/admin/clock',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Moves the test clock forward',
      body: z.strictObject({ now: z.string().max(100).describe('RFC 3339.') }),
      response: { 200: z.object({ now: instantSchema }), ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      test_clock.moveTo(instantAfter(request.body.now, test_clock.now()));
      log.warn({ now: test_clock.now().toString() }, 'the test clock was moved');
      return reply.send({ now: test_clock.now().toString() });
    },
  });
}

function instantAfter(text: string, present: Temporal.Instant): Temporal.Instant {
  let wanted: Temporal.Instant;
  try {
    wanted = Temporal.Instant.from(text);
  } catch {
    throw new RefusalError(
      refuse('invalid_request', `"now": want a time such as 2027-01-01T00:00:00Z, got ${JSON.stringify(text)}`),
    );
  }
  if (Temporal.Instant.compare(wanted, LATEST) > 0) {
    throw new RefusalError(
      refuse('invalid_request', `"now": want a time before ${LATEST}, so that periods that start then can end, got ${wanted}`),
    );
  }
  if (Temporal.Instant.compare(wanted, present) < 0) {
    throw new RefusalError(refuse('invalid_request', `the clock is at ${present} and only moves forward, got ${wanted}`));
  }
  return wanted;
}
