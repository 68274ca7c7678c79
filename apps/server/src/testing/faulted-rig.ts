import { baseMigrations, migrate, openPool, type Pool } from '@purser/database';
import { scratchDatabase } from '@purser/embedded';
import { TcpProxy } from '@purser/embedded/testing';
import { type Misbehaviour, type StandIn, startStandIn } from '@purser/providers/standins';

import { MIGRATIONS } from '../migrations.ts';
import { FaultedServer } from './faulted-server.ts';

const ADMIN_TOKEN = 'faulted-admin-token';

/** A PostgreSQL of a test's own with a migrated database to clone. */
export interface Cluster extends AsyncDisposable {
  /** The address of a fresh clone. */
  clone(): Promise<string>;
}

export async function openCluster(): Promise<Cluster> {
  await using opened = new AsyncDisposableStack();
  const { url } = opened.use(await scratchDatabase());
  const migrated = openPool(url, { connections_max: 1 });
  await migrate(migrated, [baseMigrations, ...MIGRATIONS.slice(1)]);
  await migrated.end();
  const addressOf = (database: string): string => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  const admin = openPool(addressOf('postgres'), { connections_max: 1 });
  opened.defer(() => admin.end());
  const kept = opened.move();
  let clones = 0;
  return {
    async clone() {
      const name = `clone_${clones++}`;
      // Over the one connection of the pool, so one at a time: a template may be read by one alone.
      await admin.query(`create database ${name} template ${new URL(url).pathname.slice(1)}`);
      return addressOf(name);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A server in a process of its own, on a database of its own that it reaches through a door, with a provider of its own. */
export interface FaultedRig extends AsyncDisposable {
  /** The database, past the door. */
  readonly owner: Pool;
  readonly door: TcpProxy;
  readonly provider: StandIn;
  readonly server: FaultedServer;
  /** The key of a new workspace that is limited by nothing. */
  workspaceKey(): Promise<string>;
}

export async function openFaultedRig(
  cluster: Cluster,
  { misbehaviour = 'honest', call_ms = 2_000 }: { misbehaviour?: Misbehaviour; call_ms?: number } = {},
): Promise<FaultedRig> {
  await using opened = new AsyncDisposableStack();
  const url = await cluster.clone();
  const owner = openPool(url);
  opened.defer(() => owner.end());
  const door = new TcpProxy(url);
  await door.open();
  opened.defer(() => door.shut());
  const provider = await startStandIn({ misbehaviour, wait_ms: 20 });
  opened.defer(() => provider.close());
  const server = opened.use(
    await FaultedServer.start({
      DATABASE_URL: door.url,
      PURSER_ADMIN_TOKEN: ADMIN_TOKEN,
      PURSER_CALL_TIMEOUT_MS: String(call_ms),
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: provider.openai_url,
    }),
  );
  const kept = opened.move();
  return {
    owner,
    door,
    provider,
    server,
    async workspaceKey() {
      const made = await fetch(`${server.url}/api/admin/workspaces`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          name: 'Test',
          plan: 'BUSINESS',
          overrides: { concurrency: 100, rate: { rps: 1_000, rpm: 10_000, burst: 1_000 } },
        }),
      });
      const text = await made.text();
      if (made.status !== 201) throw new Error(text);
      return (JSON.parse(text) as { key: string }).key;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
