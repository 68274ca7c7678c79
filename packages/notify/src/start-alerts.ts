import { assert, repeat, type Repetition } from '@purser/core';

import { claimDue, deliver, type DeliveryParts } from './deliver.ts';
import { gather } from './gather.ts';
import { scan, type ScanParts } from './scan.ts';

/** So a threshold is told of at most about this long after the call that passed it was settled, and sent as long after that. */
const SCAN_EVERY_MS = 2_000;
const SEND_EVERY_MS = 1_000;

/** Messages under way at once; one that hangs takes one place until its time-out. */
const SENDING_MAX = 16;

/** What has not been answered so long after the stop goes out again by another process. */
const STOP_WITHIN_MS = 2_000;

export type AlertParts = Omit<ScanParts, 'log'> &
  Omit<DeliveryParts, 'stopping'> & { readonly every_ms?: { readonly scan: number; readonly send: number } };

/**
 * Watches and delivers until it is stopped. Any number of processes may: one scans at a time, and each message is sent by one.
 * @throws BrokenInvariant when two sources have one name: each would skip what the other has read.
 */
export function startAlerts(parts: AlertParts): Repetition {
  const { pool, clock, log, every_ms = { scan: SCAN_EVERY_MS, send: SEND_EVERY_MS } } = parts;
  const names = parts.sources.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  assert(twice === undefined, `the source of alerts ${twice} is defined twice`);
  const sending = new Set<Promise<void>>();
  const stopping = new AbortController();
  const scanning = repeat(
    every_ms.scan,
    () => scan(parts),
    (err) => log.error({ err }, 'alerts could not be evaluated'),
  );
  const delivering = repeat(
    every_ms.send,
    async () => {
      await gather(pool, clock.now());
      const claimed = await claimDue(parts, SENDING_MAX - sending.size);
      for (const message of claimed) {
        const sent = deliver({ ...parts, stopping: stopping.signal }, message)
          .catch((err: unknown) => log.error({ err }, 'the result of a message could not be stored; it is sent again'))
          .finally(() => sending.delete(sent));
        sending.add(sent);
      }
    },
    (err) => log.error({ err }, 'alerts could not be sent'),
  );
  return {
    async stop() {
      await Promise.all([scanning.stop(), delivering.stop()]);
      const giveUp = setTimeout(() => stopping.abort(), STOP_WITHIN_MS);
      await Promise.all(sending);
      clearTimeout(giveUp);
      parts.mail?.close();
    },
  };
}
