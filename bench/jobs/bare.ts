import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { inBackground } from '@purser/core';
import type { Pool } from '@purser/database';
import { Logger, makeWorkerUtils, run, type Runner, type WorkerUtils } from 'graphile-worker';

import type { Contestant } from './contest.ts';

const PLACES = 50;

/** A row per job, written when it is put in and when it is done: the least that somebody who wants to know of his jobs has beside them. */
async function openRows(
  pool: Pool,
): Promise<{ insert: (ids: readonly string[]) => Promise<void>; done: (id: string) => Promise<void> }> {
  await pool.query('create table if not exists trivial (id uuid primary key, status text not null)');
  return {
    async insert(ids) {
      await pool.query(`insert into trivial select unnest($1::uuid[]), 'queued'`, [ids]);
    },
    async done(id) {
      await pool.query(`update trivial set status = 'done' where id = $1`, [id]);
    },
  };
}

/** graphile-worker by itself, with its local queue and a trivial row beside each job. */
export async function bareGraphile(pool: Pool, url: string): Promise<Contestant> {
  const rows = await openRows(pool);
  const utils: WorkerUtils = await makeWorkerUtils({ connectionString: url });
  await utils.migrate();
  let runner: Runner | undefined;
  return {
    name: 'graphile-worker with a trivial row',
    async put(count) {
      const ids = Array.from({ length: count }, () => crypto.randomUUID());
      await rows.insert(ids);
      await utils.addJobs(ids.map((id) => ({ identifier: 'nothing', payload: { id } })));
    },
    async work(onRun) {
      runner = await run({
        connectionString: url,
        noHandleSignals: true,
        logger: new Logger(() => () => undefined),
        taskList: {
          nothing: async (payload) => {
            onRun();
            await rows.done((payload as { id: string }).id);
          },
        },
        preset: { worker: { concurrentJobs: PLACES, localQueue: { size: 200 }, completeJobBatchDelay: 0, maxPoolSize: 12 } },
      });
    },
    async stop() {
      await runner?.stop();
      await utils.release();
    },
  };
}

/** JetStream by itself, a message a job, with a trivial row beside each. */
export async function bareJetStream(pool: Pool, url: string): Promise<Contestant> {
  const rows = await openRows(pool);
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  const name = `purser_bench_${Date.now()}`;
  const subject = `${name}.jobs`;
  await manager.streams.add({ name, subjects: [subject], retention: RetentionPolicy.Workqueue, storage: StorageType.File });
  await manager.consumers.add(name, { durable_name: 'worker', ack_policy: AckPolicy.Explicit, max_ack_pending: 10_000 });
  const stream = jetstream(connection);
  return {
    name: 'JetStream with a trivial row',
    async put(count) {
      const ids = Array.from({ length: count }, () => crypto.randomUUID());
      await rows.insert(ids);
      await Promise.all(ids.map((id) => stream.publish(subject, id)));
    },
    async work(onRun) {
      const consumer = await stream.consumers.get(name, 'worker');
      await consumer.consume({
        max_messages: PLACES,
        callback: (message) => {
          onRun();
          inBackground(
            rows.done(message.string()).then(() => message.ack()),
            (error) => console.error(error),
          );
        },
      });
    },
    async stop() {
      await manager.streams.delete(name);
      await connection.close();
    },
  };
}
