import { AckPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node';
import { Fault } from '@purser/core';
import type { Log } from '@purser/log';

import { type Lane, LANES } from './lanes.ts';

export interface JetStreamOptions {
  /** `nats://host:port`, several with commas. */
  readonly url: string;
  /** Of the stream and the subjects: `purser` unless several installations share a server. */
  readonly name: string;
  readonly log: Pick<Log, 'warn'>;
}

export const ANSWER_MS = 2_000;
const CONNECT_MS = 5_000;
const RECONNECT_MS = 250;
/** A hint of a worker that was killed goes to another after that. */
const ACK_WAIT_MS = 60_000;
/** Hints are worth nothing after a day: what they told of was found by the sweep long before. */
const HINT_AGE_MS = 86_400_000;
const HINTS_MAX = 1_000_000;

/** Connects for ever: a server that goes away is waited for. @throws Fault when it is not there at the start. */
export async function connectNats({ url }: Pick<JetStreamOptions, 'url'>): Promise<NatsConnection> {
  try {
    const servers = url.split(',');
    return await connect({
      servers,
      name: 'purser',
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      timeout: CONNECT_MS,
    });
  } catch (cause) {
    throw new Fault('NATS_URL: no NATS server with JetStream answers there', { retryable: true, cause });
  }
}

export function subjectOf(name: string, lane: Lane): string {
  return `${name}.jobs.${lane}`;
}

/**
 * Makes the stream and its four consumers where they are missing. Nothing newer than NATS 2.9 is used, and no schedule and no time to live
 * of a message: older servers ignore both without a word.
 */
export async function ensureStream(connection: NatsConnection, name: string): Promise<void> {
  const manager = await jetstreamManager(connection, { timeout: ANSWER_MS });
  await manager.streams.add({
    name,
    subjects: [`${name}.jobs.*`],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    max_age: nanos(HINT_AGE_MS),
    max_msgs: HINTS_MAX,
  });
  for (const lane of LANES) {
    await manager.consumers.add(name, {
      durable_name: lane,
      filter_subject: subjectOf(name, lane),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      max_ack_pending: HINTS_MAX,
    });
  }
}
