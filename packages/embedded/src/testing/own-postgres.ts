import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

import { serverAccount, spawnOptions } from '../account.ts';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';

/** PostgreSQL's programs of this machine, the newest version; undefined when there are none. */
export function installedPostgres(): string | undefined {
  if (!existsSync(DEBIAN)) return undefined;
  const [newest] = readdirSync(DEBIAN).toSorted((one, other) => Number(other) - Number(one));
  return newest === undefined ? undefined : path.join(DEBIAN, newest, 'bin');
}

/** A whole PostgreSQL of a test's own, reached over loopback: it can be killed, followed by a stand-by, and promoted. */
export class OwnPostgres implements AsyncDisposable {
  readonly #programs: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #as: ReturnType<typeof spawnOptions>;

  private constructor(programs: string, folder: string, port: number, as: ReturnType<typeof spawnOptions>) {
    this.#programs = programs;
    this.#folder = folder;
    this.#port = port;
    this.#as = as;
  }

  static async #at(): Promise<OwnPostgres> {
    const programs = installedPostgres();
    if (programs === undefined) throw new Error(`no PostgreSQL under ${DEBIAN}`);
    const account = await serverAccount(undefined);
    const folder = await mkdtemp('/tmp/purser-postgres-');
    await chmod(folder, 0o755);
    if (account) await chown(folder, account.uid, account.gid);
    return new OwnPostgres(programs, folder, await freePort(), spawnOptions(account));
  }

  /** A new, empty cluster. */
  static async start(options: Readonly<Record<string, string>> = {}): Promise<OwnPostgres> {
    const made = await OwnPostgres.#at();
    await made.#run('initdb', ['-D', made.#data, '-U', 'postgres', '-A', 'trust', '--encoding=UTF8', '--locale=C', '--no-sync']);
    await made.begin(options);
    return made;
  }

  /** A stand-by of this one that streams under the name `standby`. */
  async standby(): Promise<OwnPostgres> {
    const made = await OwnPostgres.#at();
    const address = `${this.url('postgres')}?application_name=standby`;
    await made.#run('pg_basebackup', ['-D', made.#data, '-d', address, '-R', '-X', 'stream', '-c', 'fast', '--no-sync']);
    await made.begin({});
    return made;
  }

  get #data(): string {
    return path.join(this.#folder, 'data');
  }

  url(database: string, user = 'postgres'): string {
    return `postgres://${user}@127.0.0.1:${this.#port}/${database}`;
  }

  /** Starts it on its data. */
  async begin(options: Readonly<Record<string, string>>): Promise<void> {
    const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: this.#folder, ...options };
    const words = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
    await this.#run('pg_ctl', [
      '-D',
      this.#data,
      '-w',
      '-l',
      path.join(this.#folder, 'log'),
      '-o',
      `-p ${this.#port} ${words.join(' ')}`,
      'start',
    ]);
  }

  /** Statements by PostgreSQL's own client, which also works on a stand-by. Returns what it printed. */
  psql(...statements: readonly string[]): Promise<string> {
    return this.#run('psql', ['-qAt', '-d', this.url('postgres'), ...statements.flatMap((one) => ['-c', one])]);
  }

  promote(): Promise<unknown> {
    return this.#run('pg_ctl', ['-D', this.#data, '-w', 'promote']);
  }

  /** `immediate` is what a power cut is. */
  end(mode: 'fast' | 'immediate'): Promise<unknown> {
    return this.#run('pg_ctl', ['-D', this.#data, '-w', '-m', mode, 'stop']);
  }

  async #run(program: string, words: readonly string[]): Promise<string> {
    return (await run(path.join(this.#programs, program), [...words], this.#as)).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('immediate').catch(() => {});
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
