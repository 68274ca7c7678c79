import { setTimeout as wait } from 'node:timers/promises';

import { Fault, isRefusal, type WorkspaceId } from '@purser/core';
import { afterEach, describe, expect, test } from 'vitest';

import {
  cancelJob,
  type Enqueued,
  JobFailure,
  type JobId,
  JobWatcher,
  type Lane,
  type NewJob,
  readJob,
  retryJobs,
} from './index.ts';
import { type Bench, workspaceId } from './testing.ts';

/** What a test works with: a bench of its own, and short ways to use it. */
interface Tools {
  readonly bench: () => Bench;
  readonly open: () => Promise<void>;
  readonly put: (workspace: WorkspaceId, jobs: readonly Partial<NewJob>[], running_max?: number) => Promise<readonly Enqueued[]>;
  readonly until: (statuses: Record<string, number>) => Promise<unknown>;
}

/** What jobs guarantee whatever tells of them. */
export function describeGuarantees(queue: string, openBench: () => Promise<Bench>): void {
  let opened: Bench;
  const tools: Tools = {
    bench: () => opened,
    async open() {
      opened = await openBench();
    },
    async put(workspace, jobs, running_max) {
      const made = await opened.jobs.enqueue(
        workspace,
        jobs.map((job, index) => ({ kind: 'work', payload: { name: `${index}` }, ...job })),
        running_max === undefined ? {} : { running_max },
      );
      if (isRefusal(made)) throw new Error(made.detail);
      return made;
    },
    until: (statuses) => expect.poll(() => opened.statuses()).toEqual(statuses),
  };
  describe(`jobs told of by ${queue}`, () => {
    afterEach(() => opened.close());
    for (const describeSome of [
      describeRuns,
      describeMisfits,
      describePuttingIn,
      describeStopping,
      describeSharing,
      describeProgress,
    ])
      describeSome(tools);
  });
}

function idOf(job: Enqueued | undefined): JobId {
  if (job === undefined) throw new Error('no job was put in');
  return job.id;
}

function names(count: number, more: Partial<NewJob> = {}): Partial<NewJob>[] {
  return Array.from({ length: count }, (_, index) => ({ payload: { name: `${index}` }, ...more }));
}

function describeRuns({ open, bench: opened, put, until }: Tools): void {
  test('each runs once, over several workers, and its result is kept', async () => {
    await open();
    const bench = opened();
    const ran: string[] = [];
    bench.does(async ({ payload }) => {
      ran.push(payload.name);
      return { said: payload.name };
    });
    for (let count = 0; count < 3; count++) await bench.worker();
    const workspace = workspaceId();
    const [first] = await put(workspace, names(300), 100);
    await until({ succeeded: 300 });
    expect(ran.toSorted()).toEqual(
      names(300)
        .map(({ payload }) => (payload as { name: string }).name)
        .toSorted(),
    );
    expect(await readJob(bench.pool, workspace, idOf(first))).toMatchObject({
      status: 'succeeded',
      result: { said: '0' },
      attempts: 1,
    });
    await bench.assertCounted();
  });

  test('one that fails for the moment is tried again later, one that cannot succeed is not, and neither is lost', async () => {
    await open();
    const bench = opened();
    const tries = new Map<string, number>();
    bench.does(async ({ payload: { name }, attempt }) => {
      tries.set(name, attempt);
      if (name === 'never') throw new JobFailure('address_unknown', 'there is no such address');
      if (name === 'away') throw new Fault('the provider is away', { retryable: true });
      if (attempt < 2) throw new Error('a secret that nobody may read');
    });
    await bench.worker();
    const workspace = workspaceId();
    const [once, never, away] = await put(workspace, [
      { payload: { name: 'once' } },
      { payload: { name: 'never' } },
      { payload: { name: 'away' } },
    ]);
    await until({ failed: 1, queued: 2 });
    const waiting = await readJob(bench.pool, workspace, idOf(once));
    expect(waiting).toMatchObject({ status: 'queued', error_code: 'internal', attempts: 1 });
    expect(JSON.stringify(waiting, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))).not.toContain(
      'secret',
    );
    await expect
      .poll(() => {
        bench.clock.advance({ minutes: 5 });
        return bench.statuses();
      })
      .toEqual({ failed: 2, succeeded: 1 });
    expect(Object.fromEntries(tries)).toEqual({ once: 2, never: 1, away: 3 });
    expect(await readJob(bench.pool, workspace, idOf(never))).toMatchObject({
      error_code: 'address_unknown',
      error_detail: 'there is no such address',
    });
    expect(await readJob(bench.pool, workspace, idOf(away))).toMatchObject({ error_code: 'unavailable', attempts: 3 });
    expect(await retryJobs(bench.pool, [idOf(away), idOf(once)])).toBe(1);
    bench.does(async () => undefined);
    await until({ failed: 1, succeeded: 2 });
    await bench.assertCounted();
  });
}

function describeMisfits({ open, bench: opened, put, until }: Tools): void {
  test('one of a kind that no worker knows waits for one that does, and spends no attempt', async () => {
    await open();
    const bench = opened();
    const workspace = workspaceId();
    const [job] = await put(workspace, names(1));
    const ofKind = (kind: string): Promise<unknown> => bench.pool.query('update jobs.job set kind = $1', [kind]);
    await ofKind('of_another_version');
    await bench.worker();
    for (let times = 0; times < 5; times++) {
      await expect
        .poll(() => readJob(bench.pool, workspace, idOf(job)))
        .toMatchObject({ status: 'queued', error_code: 'unknown_kind' });
      bench.clock.advance({ seconds: 31 });
      await bench.pool.query('update jobs.job set error_code = null');
    }
    await ofKind('work');
    await expect
      .poll(() => {
        bench.clock.advance({ seconds: 31 });
        return bench.statuses();
      })
      .toEqual({ succeeded: 1 });
    expect(await readJob(bench.pool, workspace, idOf(job))).toMatchObject({ attempts: 1 });
    await bench.assertCounted();
  });

  test('one that returns more than a row should hold fails, and says so', async () => {
    await open();
    const bench = opened();
    bench.does(async () => 'x'.repeat(300_000));
    await bench.worker();
    const workspace = workspaceId();
    const [job] = await put(workspace, names(1));
    await until({ failed: 1 });
    expect(await readJob(bench.pool, workspace, idOf(job))).toMatchObject({ error_code: 'result_too_large', attempts: 1 });
  });
}

function describePuttingIn({ open, bench: opened, put, until }: Tools): void {
  test('the same key puts a job in once; for something else it is refused, and nothing of that request is put in', async () => {
    await open();
    const bench = opened();
    const workspace = workspaceId();
    const [made] = await put(workspace, [{ idempotency_key: 'k', payload: { name: 'a' } }]);
    const [again] = await put(workspace, [{ idempotency_key: 'k', payload: { name: 'a' } }]);
    expect(again).toEqual({ ...made, fresh: false });
    const other = await bench.jobs.enqueue(workspace, [
      { kind: 'work', payload: { name: 'new' } },
      { kind: 'work', payload: { name: 'b' }, idempotency_key: 'k' },
    ]);
    expect(other).toMatchObject({ code: 'idempotency_mismatch' });
    expect(
      isRefusal(await bench.jobs.enqueue(workspaceId(), [{ kind: 'work', payload: { name: 'b' }, idempotency_key: 'k' }])),
    ).toBe(false);
    expect(await bench.statuses()).toEqual({ queued: 2 });
    await bench.assertCounted();
  });

  test('a job of a transaction that is rolled back was never there, and one that is committed is found though nobody announces it', async () => {
    await open();
    const bench = opened();
    await bench.worker();
    const workspace = workspaceId();
    const connection = await bench.pool.connect();
    try {
      for (const end of ['rollback', 'commit']) {
        await connection.query('begin');
        await bench.jobs.enqueue(workspace, [{ kind: 'work', payload: { name: end } }], { inside: connection });
        await connection.query(end);
      }
    } finally {
      connection.release();
    }
    await until({ succeeded: 1 });
    expect(await bench.statuses()).toEqual({ succeeded: 1 });
    await bench.assertCounted();
  });

  test('a scheduled job waits for its time, and one whose deadline passes while it waits fails by name', async () => {
    await open();
    const bench = opened();
    await bench.worker();
    const workspace = workspaceId();
    const now = bench.clock.now();
    await put(workspace, [{ run_at: now.add({ hours: 1 }) }]);
    const [late] = await put(workspace, [{ run_at: now.add({ hours: 3 }), deadline_at: now.add({ hours: 2 }) }]);
    await wait(1_500);
    expect(await bench.statuses()).toEqual({ queued: 2 });
    bench.clock.advance({ hours: 1 });
    await until({ queued: 1, succeeded: 1 });
    bench.clock.advance({ hours: 1 });
    await until({ failed: 1, succeeded: 1 });
    expect(await readJob(bench.pool, workspace, idOf(late))).toMatchObject({ error_code: 'deadline_passed' });
    await bench.assertCounted();
  });
}

function describeStopping({ open, bench: opened, put, until }: Tools): void {
  test('a cancelled job that waits never runs; one that runs is asked to end', async () => {
    await open();
    const bench = opened();
    const begun: string[] = [];
    bench.does(({ payload, signal }) => {
      begun.push(payload.name);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    await bench.worker({ slots: 2 });
    const workspace = workspaceId();
    const [runs, waits] = await put(workspace, names(2), 1);
    await expect.poll(() => begun).toEqual(['0']);
    expect(await cancelJob(bench.pool, bench.clock, workspace, idOf(waits))).toMatchObject({ status: 'cancelled' });
    expect(await cancelJob(bench.pool, bench.clock, workspaceId(), idOf(runs))).toMatchObject({ code: 'not_found' });
    expect(await cancelJob(bench.pool, bench.clock, workspace, idOf(runs))).toMatchObject({ cancel_asked: true });
    await until({ cancelled: 2 });
    expect(begun).toEqual(['0']);
    await bench.assertCounted();
  });

  test('a worker that stops lets jobs end, or gives them back with their attempt', async () => {
    await open();
    const bench = opened();
    bench.does(({ payload, signal }) =>
      payload.name === '0'
        ? wait(200)
        : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    );
    const worker = await bench.worker();
    const workspace = workspaceId();
    const [, given_back] = await put(workspace, names(2));
    await until({ running: 2 });
    await worker.stop(600);
    expect(await bench.statuses()).toEqual({ succeeded: 1, queued: 1 });
    expect(await readJob(bench.pool, workspace, idOf(given_back))).toMatchObject({ attempts: 0 });
    bench.does(async () => undefined);
    await bench.worker();
    await until({ succeeded: 2 });
    await bench.assertCounted();
  });
}

function describeSharing({ open, bench: opened, put, until }: Tools): void {
  test('of one workspace so many run at once and no more, and its many jobs keep nobody else waiting', async () => {
    await open();
    const bench = opened();
    let now = 0;
    let most = 0;
    const order: string[] = [];
    const all = Promise.withResolvers<void>();
    bench.does(async ({ payload }) => {
      if (payload.name !== 'one') {
        most = Math.max(most, ++now);
        if (now === 3) all.resolve();
        await all.promise;
        await wait(5);
        now--;
      }
      order.push(payload.name);
    });
    await put(workspaceId(), names(60), 3);
    await put(workspaceId(), [{ payload: { name: 'one' } }]);
    await bench.worker({ slots: 4 });
    await bench.worker({ slots: 4 });
    await expect.poll(() => order).toContain('one');
    expect(order.indexOf('one')).toBeLessThan(50);
    await until({ succeeded: 61 });
    expect(most).toBe(3);
    await bench.assertCounted();
  });

  test('while every lane is full a higher one is served first, and the lowest still gets its share', async () => {
    await open();
    const bench = opened();
    const served: Lane[] = [];
    bench.does(async ({ payload }) => void served.push(payload.name as Lane));
    for (const lane of ['low', 'standard', 'high', 'critical'] as const) {
      await put(workspaceId(), names(100, { lane, payload: { name: lane } }), 1_000);
    }
    await bench.worker({ slots: 2 });
    await until({ succeeded: 400 });
    const first = served.slice(0, 100);
    const share = (lane: Lane): number => first.filter((one) => one === lane).length / first.length;
    expect(share('critical')).toBeGreaterThan(share('high'));
    expect(share('high')).toBeGreaterThan(share('standard'));
    expect(share('standard')).toBeGreaterThan(share('low'));
    expect(share('low')).toBeGreaterThan(0.02);
  });
}

function describeProgress({ open, bench: opened, put, until }: Tools): void {
  test('progress is told while a job runs, and never says more than all', async () => {
    await open();
    const bench = opened();
    const release = Promise.withResolvers<void>();
    bench.does(async ({ progress }) => {
      progress(3, 10);
      await release.promise;
      progress(12, 10);
    });
    await bench.worker();
    const workspace = workspaceId();
    const [job] = await put(workspace, names(1, { progress_total: 10 }));
    await expect.poll(() => readJob(bench.pool, workspace, idOf(job))).toMatchObject({ progress_done: 3n, progress_total: 10n });
    release.resolve();
    await until({ succeeded: 1 });
    expect(await readJob(bench.pool, workspace, idOf(job))).toMatchObject({ progress_done: 10n });
  });

  test('whoever follows a job that is erased is told of its end by the end of the stream', async () => {
    await open();
    const bench = opened();
    const workspace = workspaceId();
    const [job] = await put(workspace, names(1));
    const watcher = new JobWatcher(bench.pool, (error) => expect.unreachable(String(error)));
    try {
      const next = watcher.watch(idOf(job), 1n, new AbortController().signal).next();
      await bench.pool.query('select jobs.erase_workspace($1, $2, 100)', [workspace, 'gone']);
      expect(await next).toEqual({ done: true, value: undefined });
    } finally {
      await watcher.close();
    }
  });
}
