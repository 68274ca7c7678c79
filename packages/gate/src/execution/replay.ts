import { type HoldId, type Refusal, refuse } from '@purser/core';

import type { Engine } from '../deps.ts';
import type { Kept } from './kept.ts';

const POLL_MS = 50;

/**
 * Waits for the call that owns an idempotency key and returns what it kept. `again` means that it charged nothing and gave
 * its key back, so this one may run.
 */
export async function replayOf(engine: Engine, hold: HoldId, deadline_ms: number): Promise<Kept | 'again' | Refusal> {
  for (;;) {
    const found = await engine.meters.find(hold);
    if (found === null || (found.state !== 'open' && found.state !== 'settled')) return 'again';
    if (found.state !== 'open') {
      if (found.answer !== null) return { text: found.answer, balance: found.balance ?? 0n };
      return refuse(
        'limit_reached',
        'the first answer under this idempotency key was cut off or too large to be kept; it was charged once',
      );
    }
    if (performance.now() >= deadline_ms) {
      return refuse('overloaded', 'the first request under this idempotency key is still running', { retryAfterSeconds: 2 });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
