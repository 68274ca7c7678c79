import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');
const CATALOG = path.join(ROOT, 'catalogs', 'default.yaml');
const BIN = path.join(ROOT, 'apps', 'cli', 'bin', 'purser.mjs');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-cli-'));
  // Open to the user who serves the database, or it would be kept elsewhere and outlive this run.
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess & { readonly said: { out: string; err: string } } {
  const child = spawn(process.execPath, [BIN, ...words], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', PORT: '0', PURSER_DATA: 'data', PURSER_CATALOG: CATALOG, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString('utf8')));
  return Object.assign(child, { said });
}

async function run(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = start(words, environment);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...child.said };
}

const oneLine = (text: string): boolean => /^purser: [^\n]+\n$/.test(text);

describe('a start that cannot be', () => {
  it.each([
    [{ PORT: 'eighty' }, /PORT: .*eighty/],
    [{ PURSER_ADMIN_TOKEN: 'short' }, /PURSER_ADMIN_TOKEN/],
    [
      { PURSER_CATALOG: 'catalogs/none.yaml' },
      /PURSER_CATALOG: catalogs\/none\.yaml: got ENOENT, want a file that can be read; and 2 more/,
    ],
    [{ DATABASE_URL: 'mysql://localhost/x' }, /DATABASE_URL/],
    [
      { DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/none' },
      /DATABASE_URL: the database at 127\.0\.0\.1:1 does not answer/,
    ],
    [{ HOST: '203.0.113.7' }, /HOST: 203\.0\.113\.7 is not an address of this machine/],
  ])('ends with one line that names what is wrong, and exit code 1: %j', async (environment, wanted) => {
    const { code, out, err } = await run(['up'], environment);
    expect([code, oneLine(err), wanted.test(err)]).toEqual([1, true, true]);
    expect(out + err).not.toMatch(/secret@|\n\s+at /);
  });

  it('names the first mistake of a catalog, and plans check all of them', async () => {
    const catalogs = path.join(folder, 'catalogs');
    await cp(path.join(ROOT, 'catalogs'), catalogs, { recursive: true });
    const wrong = path.join(catalogs, 'wrong.yaml');
    await writeFile(wrong, (await readFile(CATALOG, 'utf8')).replace(/^plans:/m, 'planes:'));
    const mistaken = await run(['up'], { PURSER_CATALOG: wrong });
    expect([mistaken.code, oneLine(mistaken.err)]).toEqual([1, true]);
    expect(mistaken.err).toMatch(/PURSER_CATALOG: .*wrong\.yaml:\d+ plans: got nothing, want a list; and 1 more/);
    const checked = await run(['plans', 'check', wrong]);
    expect([checked.code, checked.out.trim().split('\n').length]).toEqual([1, 2]);
    expect(checked.out).toMatch(/unknown key 'planes', want one of name, prices/);
  });

  it('says that a port is taken, and leaves nothing running', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const data = path.join(folder, 'taken');
    const { code, err } = await run(['up'], { PORT: String(port), PURSER_DATA: data });
    taken.close();
    expect([code, oneLine(err)]).toEqual([1, true]);
    expect(err).toContain(`PORT: ${port} on 127.0.0.1 is in use`);
    await expect(stat(path.join(data, 'owner'))).rejects.toThrow('ENOENT');
    await expect(stat(path.join(data, 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT');
  });
});

describe('purser up', { timeout: 120_000 }, () => {
  interface Up {
    readonly child: ReturnType<typeof start>;
    readonly address: string;
    readonly admin_token: string;
    readonly key: string;
  }

  async function up(environment: Readonly<Record<string, string>> = {}): Promise<Up> {
    const child = start(['up'], environment);
    await expect
      .poll(() => (child.exitCode === null ? child.said.out : child.said.err), { timeout: 60_000 })
      .toContain('Ctrl-C stops everything');
    const named = (name: string): string => new RegExp(`^ {2}${name} +(\\S+)`, 'm').exec(child.said.out)?.[1] ?? '';
    return { child, address: named('web'), admin_token: named('admin token'), key: named('demo key') };
  }

  async function stop({ child }: Up, signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const closed = once(child, 'close');
    child.kill(signal);
    return ((await closed) as [number | null])[0];
  }

  async function spend({ address, key }: Up): Promise<{ offline: boolean; credits: { balance: number } }> {
    const response = await fetch(`${address}/api/ai/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ operation: 'summarise', prompt: 'The harbour opened in 1887. It closed in 1931.' }),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as { offline: boolean; credits: { balance: number } };
  }

  it('serves on a database of its own, keeps everything for the next start, and commands beside it see its books', async () => {
    const first = await up();
    expect((await spend(first)).offline).toBe(true);
    const beside = await run(['ledger', 'verify']);
    expect([beside.code, beside.out]).toEqual([0, expect.stringMatching(/^balanced: \d+ entries\nopen holds 0/)]);
    const again = await run(['up']);
    expect([again.code, again.err]).toEqual([1, expect.stringMatching(/is in use by process \d+/)]);
    expect(await stop(first)).toBe(0);

    const second = await up();
    expect([second.admin_token, second.key]).toEqual([first.admin_token, first.key]);
    expect((await spend(second)).credits.balance).toBe(1498);
    const margin = await fetch(`${second.address}/api/admin/margin`, {
      headers: { authorization: `Bearer ${second.admin_token}` },
    });
    expect(margin.status).toBe(200);
    for (const secret of ['admin-token', 'demo-key']) {
      expect((await stat(path.join(folder, 'data', secret))).mode & 0o777).toBe(0o600);
    }
    expect(second.child.said.err).toBe('');
    expect(await stop(second, 'SIGTERM')).toBe(0);
    await expect(stat(path.join(folder, 'data', 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT');
  });

  it('is over at once for who asks twice, and the next start goes on from what was committed', async () => {
    const running = await up();
    const { credits } = await spend(running);
    const closed = once(running.child, 'close');
    running.child.kill('SIGINT');
    running.child.kill('SIGINT');
    await closed;
    const next = await up();
    expect((await spend(next)).credits.balance).toBe(credits.balance - 1);
    expect(await stop(next)).toBe(0);
  });

  it('survives kill -9: what was booked is there, and the books balance', async () => {
    const running = await up();
    const { credits } = await spend(running);
    await stop(running, 'SIGKILL');
    const next = await up();
    expect((await spend(next)).credits.balance).toBe(credits.balance - 1);
    expect((await run(['ledger', 'verify'])).code).toBe(0);
    expect((await run(['audit', 'verify'])).out).toMatch(/^intact: \d+ sealed rows/);
    expect(await stop(next)).toBe(0);
  });

  it('commands with nothing beside them start the database and stop it again', async () => {
    const verified = await run(['ledger', 'verify']);
    expect([verified.code, verified.out.startsWith('balanced: ')]).toEqual([0, true]);
    expect((await run(['migrate'])).out).toBe('the database is up to date\n');
    await expect(stat(path.join(folder, 'data', 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT');
  });

  it('exports the trail, which is checked without a database and against a head kept elsewhere (C9)', async () => {
    const head = /^head: (\S+)$/m.exec((await run(['audit', 'verify'])).out)?.[1] ?? 'none';
    const kept = await run(['audit', 'verify', '--head', head]);
    expect([kept.code, kept.out]).toEqual([0, expect.stringContaining(`head: ${head}`)]);
    const exported = await run(['audit', 'export']);
    await writeFile(path.join(folder, 'trail.jsonl'), exported.out);
    const checked = await run(['audit', 'check', 'trail.jsonl', '--head', head], { PURSER_DATA: 'nowhere' });
    // What was marked outside is compared with the database, which a check of a file does not have.
    expect([checked.code, kept.out.startsWith(checked.out), checked.out !== '']).toEqual([0, true, true]);

    await writeFile(path.join(folder, 'forged.jsonl'), exported.out.replace('"granted:', '"Granted:'));
    const forged = await run(['audit', 'check', 'forged.jsonl']);
    expect([forged.code, forged.out]).toEqual([1, expect.stringMatching(/^NOT intact: /)]);
    const nonsense = await run(['audit', 'check', 'trail.jsonl', '--head', 'x']);
    expect([nonsense.code, oneLine(nonsense.err)]).toEqual([1, true]);
  });
});

describe('plans check', () => {
  it('prints the proof of every plan, with what binds it, and exits 0 (F1: 13.5915)', async () => {
    const { code, out } = await run(['plans', 'check']);
    expect(code).toBe(0);
    expect(out).toMatch(/PRO +15\.99 EUR +0 +13\.5915/);
    expect(out).toMatch(/every plan and pack keeps its margin\n$/);
  });

  it('exits 1 for a catalog with a plan that does not, and names it', async () => {
    const catalogs = path.join(folder, 'unproven');
    await cp(path.join(ROOT, 'catalogs'), catalogs, { recursive: true });
    const good = await readFile(path.join(catalogs, 'default.yaml'), 'utf8');
    const unproven = path.join(catalogs, 'unproven.yaml');
    await writeFile(unproven, good.replace('credits: 500,', 'credits: 50000,'));
    const { code, out } = await run(['plans', 'check', unproven]);
    expect([code, /credits-500.*FAILS/.test(out)]).toEqual([1, true]);
    const refused = await run(['up'], { PURSER_CATALOG: unproven });
    expect([refused.code, oneLine(refused.err)]).toEqual([1, true]);
    expect(refused.err).toMatch(/does not keep its margin: credits-500/);
  });
});

describe('words that are no command', () => {
  it('are refused with a hint, and --help lists the endpoints', async () => {
    const unknown = await run(['sail']);
    expect([unknown.code, /unknown command 'sail'/.test(unknown.err)]).toEqual([1, true]);
    const help = await run(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['up', 'serve', 'migrate', 'plans', 'prices', 'ledger', 'audit', 'bench'])
      expect(help.out).toContain(`  ${command}`);
    const { version } = JSON.parse(await readFile(path.join(ROOT, 'apps', 'cli', 'package.json'), 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});
