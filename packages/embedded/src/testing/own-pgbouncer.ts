import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort, listens } from './own-redis.ts';

/** Whether this machine has the program. */
export const HAS_PGBOUNCER = spawnSync('pgbouncer', ['--version']).status === 0;

/** A PgBouncer of the test's own in front of a database. */
export class OwnPgBouncer implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(url: string, folder: string, process: ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#process = process;
  }

  static async start(database_url: string, pool_mode: 'session' | 'transaction' | 'statement'): Promise<OwnPgBouncer> {
    const database = new URL(database_url);
    const port = await freePort();
    const folder = await mkdtemp(path.join(tmpdir(), 'purser-pgbouncer-'));
    const name = database.pathname.slice(1);
    const host = database.searchParams.get('host') ?? database.hostname;
    const users = ['postgres', 'purser', 'purser_app', 'purser_work', database.username];
    await writeFile(path.join(folder, 'users'), users.map((user) => `"${user}" ""\n`).join(''));
    await writeFile(
      path.join(folder, 'ini'),
      `[databases]\n${name} = host=${host} port=${database.port || '5432'}
[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_type = trust\nauth_file = ${folder}/users
pool_mode = ${pool_mode}\nlogfile = ${folder}/log\npidfile = ${folder}/pid\n`,
    );
    // It does not run as root, and has to reach a socket that belongs to the database's own user.
    const { uid, gid } = await stat(host.startsWith('/') ? host : folder);
    await chown(folder, uid, gid);
    const child = spawn('pgbouncer', [path.join(folder, 'ini')], { stdio: 'ignore', uid, gid });
    for (let tries = 0; tries < 200 && !(await listens(port)); tries += 1) await sleep(25);
    return new OwnPgBouncer(`postgres://${database.username || 'postgres'}@127.0.0.1:${port}/${name}`, folder, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
