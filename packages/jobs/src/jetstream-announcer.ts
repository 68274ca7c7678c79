import { jetstream } from '@nats-io/jetstream';

import { ANSWER_MS, connectNats, ensureStream, type JetStreamOptions, subjectOf } from './jetstream.ts';
import type { Announcer } from './queue.ts';

/** Publishes the id of each job that waits to the subject of its lane. @throws Fault when NATS is not there at the start. */
export async function jetStreamAnnouncer(options: JetStreamOptions): Promise<Announcer> {
  const { name, log } = options;
  const connection = await connectNats(options);
  const stream = jetstream(connection, { timeout: ANSWER_MS });
  let ready: Promise<void> | undefined;
  return {
    async announce(lane, ids) {
      try {
        ready ??= ensureStream(connection, name);
        await ready;
        await Promise.all(ids.map((id) => stream.publish(subjectOf(name, lane), id)));
      } catch (err) {
        // Made again the next time: a server may have lost what it had on its disk.
        ready = undefined;
        log.warn({ err, lane, jobs: ids.length }, 'jobs could not be announced on NATS; workers find them in the database');
      }
    },
    async close() {
      await connection.drain();
    },
  };
}
