import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { isRefusal } from '@purser/core';
import { newId } from '@purser/database';
import { afterAll, describe, expect, test } from 'vitest';

import { jetStreamAnnouncer, type JetStreamOptions, jetStreamQueue, postgresQueue } from './index.ts';
import { type Bench, openBench, workspaceId } from './testing.ts';
import { describeGuarantees } from './testing-guarantees.ts';

const NATS_URL = process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222';
const quiet = { warn: () => undefined };
const streams: string[] = [];

afterAll(async () => {
  const connection = await connect({ servers: NATS_URL });
  const manager = await jetstreamManager(connection);
  for (const name of streams) await manager.streams.delete(name).catch(() => undefined);
  await connection.close();
});

/** A bench whose workers hear by NATS, and whose jobs are announced there. */
async function openOnNats(url: string): Promise<Bench> {
  const name = `purser_test_${newId<'test'>().replaceAll('-', '')}`;
  streams.push(name);
  const options: JetStreamOptions = { url, name, log: quiet };
  const announcer = await jetStreamAnnouncer(options);
  const bench = await openBench(() => jetStreamQueue(options), announcer);
  return {
    ...bench,
    async close() {
      await announcer.close();
      await bench.close();
    },
  };
}

describeGuarantees('NATS JetStream', () => openOnNats(NATS_URL));

/** A server of its own that can be stopped and started on its port, and forgets everything when its folder is removed. */
async function ownServer() {
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), 'purser-nats-'));
  const program = execFileSync('sh', ['-c', 'command -v nats-server || echo /usr/sbin/nats-server'], { encoding: 'utf8' }).trim();
  let server: ReturnType<typeof spawn> | undefined;
  const stop = async (): Promise<void> => {
    if (server === undefined) return;
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
    server = undefined;
  };
  const start = async (): Promise<void> => {
    server = spawn(program, ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', folder], { stdio: 'ignore' });
    await expect
      .poll(() =>
        connect({ servers: `127.0.0.1:${port}`, reconnect: false, timeout: 500 }).then(
          async (connection) => {
            await connection.close();
            return true;
          },
          () => false,
        ),
      )
      .toBe(true);
  };
  await start();
  return { url: `nats://127.0.0.1:${port}`, start, stop, forget: () => rm(folder, { recursive: true, force: true }) };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

describe('NATS that is not well', () => {
  test('jobs that are put in while it is away run all the same, and after it came back without its disk too, each once', async () => {
    const nats = await ownServer();
    const bench = await openOnNats(nats.url);
    try {
      const ran: string[] = [];
      bench.does(async ({ payload }) => void ran.push(payload.name));
      await bench.worker();
      const put = async (name: string): Promise<void> => {
        const made = await bench.jobs.enqueue(workspaceId(), [{ kind: 'work', payload: { name } }]);
        expect(isRefusal(made)).toBe(false);
        await expect.poll(() => ran).toContain(name);
      };
      await put('before');
      await nats.stop();
      await put('away');
      await nats.forget();
      await nats.start();
      await put('back');
      await put('and again');
      expect(ran).toEqual(['before', 'away', 'back', 'and again']);
    } finally {
      await bench.close();
      await nats.stop();
      await nats.forget();
    }
  });

  test('workers that hear of jobs by NATS and workers that hear of them from Postgres share one queue, and no job runs twice', async () => {
    const bench = await openOnNats(NATS_URL);
    try {
      const ran: string[] = [];
      bench.does(async ({ payload }) => void ran.push(payload.name));
      await bench.worker();
      await bench.worker({ openQueue: postgresQueue(bench.pool) });
      const names = Array.from({ length: 200 }, (_, index) => `${index}`);
      await bench.jobs.enqueue(
        workspaceId(),
        names.map((name) => ({ kind: 'work', payload: { name } })),
        { running_max: 50 },
      );
      await expect.poll(() => bench.statuses()).toEqual({ succeeded: 200 });
      expect(ran.toSorted()).toEqual(names.toSorted());
      await bench.assertCounted();
    } finally {
      await bench.close();
    }
  });
});
