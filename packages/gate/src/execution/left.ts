import { NO_REPORT, ProviderError, type UsageReport } from '@purser/providers';

import type { Engine } from '../deps.ts';
import { endingOf } from './ending.ts';
import { attemptOf, endBroken, reportOf } from './failure.ts';
import type { Serving } from './serving.ts';
import { billOf, book, endUnserved } from './settle.ts';

/** Ends a call whose reader left and whose rest did not come to an end: what is known is booked, what is sure is charged. */
export async function endLeft(
  engine: Engine,
  serving: Serving,
  broken: unknown,
  delivered: boolean,
  report: UsageReport = NO_REPORT,
  request_id: string | null = null,
): Promise<void> {
  const { held, start, probe } = serving;
  // A provider that broke off by itself served nobody; the end of our own time says nothing of it.
  const timeIsOver = broken instanceof ProviderError && broken.kind === 'timeout' && broken.billed !== 'no';
  if (broken !== undefined && !timeIsOver) {
    await endBroken(engine, serving, broken);
    return;
  }
  // Whoever leaves has not seen whether it would have been served.
  if (probe) await engine.routes.returned(probe);
  const known = timeIsOver ? reportOf(broken) : report;
  const ending = endingOf(held, known, delivered, 'left');
  const attempt = attemptOf(start, 'stopped', { request_id });
  if (ending.kind === 'unresolved') {
    held.draft.watch.end('ok');
    await endUnserved(engine, held, attempt, { kind: 'unresolved' });
  } else await book(engine, held, attempt, ending, billOf(held, ending, 'served'), { deferred: true });
}
