import { Fault } from '@purser/core';

import { type Composition, compose, type ServerOptions } from './compose.ts';
import { type BuiltServer, buildServer } from './server.ts';

/** A server that listens. */
export interface RunningServer {
  /** `http://127.0.0.1:4780` */
  readonly address: string;
  readonly built: BuiltServer;
  readonly composition: Composition;
  /** Takes on nothing new, lets what is under way end (30 s at most), then closes every part. Can be called twice. */
  stop(): Promise<void>;
}

const DRAIN_MS = 30_000;

/**
 * Composes the parts and listens on the host and port of the settings (port 0: any free one).
 * @throws Fault in one line when a part or the port cannot be had; then nothing is left running.
 */
export async function startServer(given: ServerOptions): Promise<RunningServer> {
  const { host, port } = given.settings;
  const composition = await compose(given);
  const built = await buildServer(composition.deps, given.jobs_only ? [] : given.modules).catch(async (error: unknown) => {
    await composition[Symbol.asyncDispose]();
    throw error;
  });
  try {
    await built.app.listen({ host, port });
  } catch (error) {
    await built.app.close();
    await composition[Symbol.asyncDispose]();
    throw listenFault(error, host, port);
  }
  const stopped = Promise.withResolvers<void>();
  let stopping = false;
  return {
    address: addressOf(built, host),
    built,
    composition,
    stop() {
      if (!stopping) {
        stopping = true;
        stopServer(built, composition).then(stopped.resolve, stopped.reject);
      }
      return stopped.promise;
    },
  };
}

/** Answers keep going out while the gate ends what it has begun; connections that ask for nothing are closed by `close`. */
async function stopServer({ app, inFlight }: BuiltServer, composition: Composition): Promise<void> {
  inFlight.drain();
  await composition.deps.gate.drain(DRAIN_MS);
  const close = app.close();
  const late = setTimeout(() => app.server.closeAllConnections(), 2_000);
  await close;
  clearTimeout(late);
  await composition[Symbol.asyncDispose]();
}

function addressOf({ app }: BuiltServer, host: string): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

function listenFault(error: unknown, host: string, port: number): Fault {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reasons: Record<string, string> = {
    EADDRINUSE: `PORT: ${port} on ${host} is in use by another program; stop it, or set PORT to a free port`,
    EACCES: `PORT: ${port} is not allowed for this user; set PORT to one above 1023`,
    EADDRNOTAVAIL: `HOST: ${host} is not an address of this machine`,
    ENOTFOUND: `HOST: ${host} is not an address of this machine`,
  };
  const known = typeof code === 'string' ? reasons[code] : undefined;
  return new Fault(known ?? `cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`, {
    retryable: false,
    cause: error,
  });
}
