import { rm } from 'node:fs/promises';
import path from 'node:path';

import { findBinaries } from './binaries.ts';
import { settleHome } from './home.ts';
import { stopOrphan } from './orphan.ts';
import { own } from './ownership.ts';
import { addressOf, DATABASE, initialise, type Server, startServer } from './server.ts';

export interface EmbeddedDatabase {
  /** The address of the database `purser`, on a Unix socket. Another database of the same server has another path. */
  readonly url: string;
  /** Where its files are: the data folder, or the place they had to move to. */
  readonly folder: string;
  /** The process id of the server at this moment. */
  pid(): number;
  /** Ends the server: open transactions roll back, what was committed is on the disk. Can be called twice. */
  stop(): Promise<void>;
}

const STAGE = '/var/lib/purser';
const RESTARTS_MAX = 5;
/** A server that stood this long before it fell is worth the full number of restarts again. */
const STEADY_MS = 60_000;

/**
 * Starts the embedded PostgreSQL on a data folder, made at the first start and kept for the next.
 * While it is started it has one owner, this process; a server that a killed owner left behind is stopped first.
 * A server that dies is started again.
 * `log` receives what an operator should know, one line each. `stage` is where files go that cannot stay in the data folder.
 * `durable: false` is for data that is thrown away with this process: a loss of power would take it.
 * @throws Fault with one line that says what is wrong.
 */
export async function startEmbedded(options: {
  dataDir: string;
  log?: (line: string) => void;
  stage?: string;
  durable?: boolean;
}): Promise<EmbeddedDatabase> {
  const log = options.log ?? (() => {});
  const stage = options.stage ?? STAGE;
  const dataDir = path.resolve(options.dataDir);
  const home = await settleHome(dataDir, stage, log);
  const ownership = await own(home.folder);
  try {
    const asRoot = process.getuid?.() === 0;
    const binaries = await findBinaries(home.account, asRoot ? stage : dataDir, log);
    await stopOrphan(home, log);
    await initialise(home, binaries, options.durable);
    const start = (): Promise<Server> => startServer(home, binaries, options.durable);
    const keeper = keep(await start(), start, log);
    return {
      url: addressOf(home, DATABASE),
      folder: home.folder,
      pid: () => keeper.pid(),
      async stop() {
        await keeper.stop();
        if (!home.sockets.startsWith(home.folder)) await rm(home.sockets, { recursive: true, force: true });
        await ownership.release();
      },
    };
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

/** Watches the server and starts it again when it dies, a bounded number of times. */
function keep(
  first: Server,
  startAgain: () => Promise<Server>,
  log: (line: string) => void,
): { pid(): number; stop(): Promise<void> } {
  let server = first;
  let stopping = false;
  const watch = async (): Promise<void> => {
    for (let restarts = 0; restarts < RESTARTS_MAX; restarts++) {
      const since = performance.now();
      const how = await server.ended;
      if (stopping) return;
      if (performance.now() - since > STEADY_MS) restarts = 0;
      log(`the database server ended unexpectedly (${how}); starting it again`);
      server = await startAgain();
      if (stopping) await server.stop();
    }
    await server.ended;
    if (!stopping) log(`the database server ended ${RESTARTS_MAX + 1} times within a short time; not starting it again`);
  };
  const watching = watch().catch((error: unknown) => log(error instanceof Error ? error.message : String(error)));
  return {
    pid: () => server.pid,
    async stop() {
      stopping = true;
      await server.stop();
      await watching;
    },
  };
}
