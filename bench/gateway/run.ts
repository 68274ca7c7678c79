import { scratchFolder } from '@purser/embedded';

import { cpuOfTree, residentMegabytes } from '../processes.ts';
import { heading, machine, median, ms, table } from '../report.ts';
import { roomyCatalog } from '../roomy-catalog.ts';
import { load } from './load.ts';
import { type Peer, type Purser, startPortkey, startPurser, startUpstream } from './peers.ts';

interface Round {
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly cpu_us: number;
  readonly database_us: number;
  readonly failures: number;
}

/** Purser and Portkey's gateway before the same upstream, in turn, in one run. */
export async function benchGateway(quick: boolean): Promise<void> {
  const seconds = quick ? 3 : 6;
  const rounds = quick ? 1 : 3;
  await using scratch = await scratchFolder();
  const upstream = await startUpstream();
  const peers: Peer[] = [upstream];
  try {
    const purser = await startPurser(scratch.folder, {
      OPENAI_BASE_URL: upstream.url,
      OPENAI_API_KEY: 'bench',
      PURSER_LOG_LEVEL: 'error',
      PURSER_CATALOG: await roomyCatalog(scratch.folder),
    });
    peers.push(purser);
    const key = await roomyWorkspace(purser);
    const ours: Peer = { ...purser, headers: { authorization: `Bearer ${key}` } };
    const portkey = await startPortkey(upstream.url);
    peers.push(portkey);
    heading('Gateway');
    console.log(
      `${machine()}. Load, upstream, gateway and its Postgres share the cores. Purser holds, settles and books every call.\n`,
    );
    const idle_mb = residentMegabytes(purser.pid);
    for (const stream of [false, true]) {
      for (const callers of [16, 64]) await compare([upstream, ours, portkey], callers, seconds, rounds, stream);
    }
    const memory = [ours, portkey].map((peer) => `${peer.name} ${residentMegabytes(peer.pid).toFixed(0)} MB`).join(', ');
    console.log(`Resident memory after the load: ${memory} (Purser idle: ${idle_mb.toFixed(0)} MB; its Postgres apart).`);
  } finally {
    for (const peer of peers.toReversed()) await peer.stop();
  }
}

async function compare(peers: readonly Peer[], callers: number, seconds: number, rounds: number, stream: boolean): Promise<void> {
  for (const peer of peers) await load(peer, callers, 2, stream);
  const results = new Map<Peer, Round[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) results.get(peer)?.push(await measured(peer, callers, seconds, stream));
  }
  const of = (peer: Peer | undefined, figure: keyof Round): number =>
    median((peer && results.get(peer)?.map((round) => round[figure])) ?? []);
  const [upstream, ours, theirs] = peers;
  const added = (peer: Peer | undefined): number => of(peer, 'p99_ms') - of(upstream, 'p99_ms');
  console.log(`${stream ? 'Streaming' : 'Plain'}, ${callers} callers, medians of ${rounds} rounds in turn:\n`);
  table(
    ['', 'requests/s', 'p50 ms', 'p99 ms', 'added p99 ms', 'CPU µs a request', 'of it Postgres', 'failures'],
    peers.map((peer) => [
      peer.name,
      of(peer, 'per_second'),
      ms(of(peer, 'p50_ms')),
      ms(of(peer, 'p99_ms')),
      peer === upstream ? '' : ms(added(peer)),
      of(peer, 'cpu_us').toFixed(0),
      of(peer, 'database_us').toFixed(0),
      (results.get(peer) ?? []).reduce((sum, round) => sum + round.failures, 0),
    ]),
  );
  const ratio = of(ours, 'per_second') / of(theirs, 'per_second');
  console.log(
    `Purser against Portkey: ${ratio.toFixed(2)} × the requests, ${(added(ours) / added(theirs)).toFixed(2)} × the added p99.\n`,
  );
}

async function measured(peer: Peer, callers: number, seconds: number, stream: boolean): Promise<Round> {
  const before = cpuOfTree(peer.pid);
  const figures = await load(peer, callers, seconds, stream);
  const after = cpuOfTree(peer.pid);
  let cpu_ms = 0;
  let database_ms = 0;
  for (const [name, used] of after) {
    const spent = used - (before.get(name) ?? 0);
    cpu_ms += spent;
    if (name.startsWith('postgres')) database_ms += spent;
  }
  const each = (spent_ms: number): number => (spent_ms * 1000) / Math.max(1, figures.requests);
  return { ...figures, cpu_us: each(cpu_ms), database_us: each(database_ms) };
}

/** A workspace whose limits are all there and all wide, so that every one of them is checked and none refuses. */
async function roomyWorkspace(purser: Purser): Promise<string> {
  const admin = { authorization: `Bearer ${purser.admin_token}`, 'content-type': 'application/json' };
  const created = await fetch(`${purser.origin}/api/admin/workspaces`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({
      name: 'Bench',
      plan: 'BUSINESS',
      overrides: {
        ceiling: { amount: '1000000', currency: 'USD' },
        concurrency: 100_000,
        quotas: { tokens_month: 1_000_000_000_000, jobs_month: 1_000_000_000 },
        rate: { rps: 1_000_000, rpm: 100_000_000, burst: 1_000_000 },
        accepted_loss: { reason: 'a bench is not sold' },
      },
    }),
  });
  if (created.status !== 201) throw new Error(`no workspace for the bench: ${created.status} ${await created.text()}`);
  const { id, key } = (await created.json()) as { id: string; key: string };
  await fetch(`${purser.origin}/api/admin/credits/gift`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ workspace_id: id, credits: 100_000_000, reason: 'bench' }),
  });
  return key;
}
