import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

import { Fault } from '@purser/core';

/** The user a server runs as when that is not ourselves: Postgres refuses to run as root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const OWN_ACCOUNT = 'purser';

/**
 * Whom to run Postgres as: undefined for ourselves; as root the user `postgres`, else `purser`, which is made when it is missing.
 * `owner` is the user id to whom the data already belongs, if there is data.
 */
export async function serverAccount(owner: number | undefined): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await accounts();
  if (owner !== undefined && owner !== 0) {
    return [...known.values()].find(({ uid }) => uid === owner) ?? { name: `user ${owner}`, uid: owner, gid: owner };
  }
  const account = known.get('postgres') ?? known.get(OWN_ACCOUNT) ?? (await makeAccount());
  if (account === undefined) {
    throw new Fault(
      'PostgreSQL does not run as root, and no user for it could be created; start as another user, or set DATABASE_URL',
      { retryable: false },
    );
  }
  return account;
}

async function accounts(): Promise<Map<string, Account>> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return new Map(
    passwd.split('\n').flatMap((line) => {
      const [name, , uid, gid] = line.split(':');
      return name && uid && gid ? [[name, { name, uid: Number(uid), gid: Number(gid) }] as const] : [];
    }),
  );
}

async function makeAccount(): Promise<Account | undefined> {
  const tools: [string, string[]][] = [
    ['useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', OWN_ACCOUNT]],
    ['adduser', ['-S', '-D', '-H', '-s', '/bin/false', OWN_ACCOUNT]],
  ];
  for (const [tool, words] of tools) {
    await runAs(undefined, tool, words).catch(() => {});
    const made = (await accounts()).get(OWN_ACCOUNT);
    if (made) return made;
  }
  return undefined;
}

/** The environment of every child: nothing of ours leaks in (PGDATA, a locale that is not installed), and messages stay English. */
const CHILD_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Who and where a child runs: not in our working folder, which the account may not be allowed to enter. */
export function spawnOptions(account: Account | undefined): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
  return { cwd: '/', env: CHILD_ENVIRONMENT, ...(account ? { uid: account.uid, gid: account.gid } : {}) };
}

/** Runs a program to its end as the account. Rejects when it cannot be started at all. */
export function runAs(
  account: Account | undefined,
  file: string,
  words: readonly string[],
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, { ...spawnOptions(account), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Whether the account can enter the folder and, when asked, write there: asked of the system itself, whatever rules it has. */
export async function canUse(account: Account | undefined, folder: string, what: 'enter' | 'write'): Promise<boolean> {
  const script = what === 'write' ? 'cd "$0" && test -w .' : 'cd "$0"';
  return (await runAs(account, '/bin/sh', ['-c', script, folder])).code === 0;
}
