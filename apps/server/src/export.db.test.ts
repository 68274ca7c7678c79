import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTwoTenants, type TwoTenants } from './testing/two-tenants.ts';

let two: TwoTenants;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'purser-export-'));
  two = await startTwoTenants();
});
afterAll(async () => {
  await two.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Manifest {
  readonly workspace?: string;
  readonly files: readonly { readonly file: string; readonly rows: number; readonly bytes: number; readonly sha256: string }[];
}

/** Unpacked by a program of its own. */
async function exported(
  route: string,
  key: string,
): Promise<{ manifest: Manifest; text: (file: string) => string; names: string[] }> {
  const response = await fetch(two.server.url + route, { headers: { authorization: `Bearer ${key}` } });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/zip');
  const file = path.join(folder, `${crypto.randomUUID()}.zip`);
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  const files = JSON.parse(execFileSync('python3', ['-c', UNZIP, file], { maxBuffer: 2 ** 28 }).toString()) as Record<
    string,
    string
  >;
  const text = (name: string): string => files[name] ?? '';
  return { manifest: JSON.parse(text('manifest.json')) as Manifest, text, names: Object.keys(files) };
}

const UNZIP = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
print(json.dumps({name: archive.read(name).decode() for name in archive.namelist()}))`;

describe('the export of a workspace', () => {
  it('is one archive with everything of it, counted and with digests, without secrets and without anything of another workspace', async () => {
    const { mine, theirs } = two;
    const { manifest, text, names } = await exported('/api/workspace/export', mine.owner);
    expect(names).toEqual(['README.txt', ...manifest.files.map(({ file }) => file), 'manifest.json']);
    expect(manifest.workspace).toBe(mine.id);
    for (const { file, rows, bytes, sha256 } of manifest.files) {
      const content = text(file);
      expect({ file, bytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') }).toEqual({
        file,
        bytes,
        sha256,
      });
      expect(
        content
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as unknown),
      ).toHaveLength(rows);
      for (const other of [theirs.mark, theirs.external_id, theirs.id]) expect(content).not.toContain(other);
    }
    for (const file of [
      'workspace',
      'members',
      'invitations',
      'keys',
      'calls',
      'ledger_entries',
      'credits',
      'audit_log',
      'kept_answers',
    ]) {
      expect(manifest.files.find((one) => one.file === `${file}.jsonl`)?.rows, file).toBeGreaterThan(0);
    }
    expect(text('workspace.jsonl')).toContain(mine.external_id);
    expect(text('keys.jsonl')).not.toContain('secret');
    expect(text('calls.jsonl')).toContain(`"end_user":"${mine.mark}`);
  });

  it('shows its owner no cost where people see credits, and keeps what was asked and answered; the operator sees all', async () => {
    const { server, mine } = two;
    const messages = [{ role: 'user', content: 'The harbour tax was 5 EUR in 1887.' }];
    for (const [route, body] of [
      ['/api/ai/generate', { operation: 'summarise', prompt: 'The harbour tax was 5 EUR in 1887. It fell later.' }],
      ['/v1/chat/completions', { model: 'auto', messages, stream: true, stream_options: { include_usage: true } }],
    ] as const) {
      const headers = { 'idempotency-key': crypto.randomUUID() };
      expect((await server.ask(route, { key: mine.key, headers, body })).status).toBe(200);
    }
    const overrides = { ceiling: { amount: '100', currency: 'USD' } };
    expect((await server.admin(`/api/admin/workspaces/${mine.id}`, { method: 'PATCH', body: { overrides } })).status).toBe(200);
    const seen = await exported('/api/workspace/export', mine.owner);
    const all = await exported(`/api/admin/workspaces/${mine.id}/export`, server.admin_token);
    const costs = /"(?:cost|reported|fees|raised|ceiling)\w*\\*":(?!null)|"nanos|"unit":"(?:USD|EUR)"/;
    expect(seen.names.filter((name) => costs.test(seen.text(name)))).toEqual([]);
    expect(all.names.filter((name) => costs.test(all.text(name))).length).toBeGreaterThan(3);
    expect(seen.text('kept_answers.jsonl')).toContain('The harbour tax was 5 EUR in 1887.');
    expect(seen.text('README.txt')).toContain('are not in this archive');
    const lines = seen.text('kept_answers.jsonl').trim().split('\n');
    for (const line of lines) expect(() => JSON.parse((JSON.parse(line) as { answer: string }).answer) as unknown).not.toThrow();
    await server.admin(`/api/admin/workspaces/${mine.id}`, { method: 'PATCH', body: { overrides: {} } });
  });

  it('is its owners’ and the operator’s alone: a key, a platform, another owner and nobody are refused', async () => {
    const { server, mine, theirs } = two;
    expect((await server.ask('/api/workspace/export', { key: mine.key })).status).toBe(403);
    expect((await server.ask('/api/workspace/export')).status).toBe(401);
    expect(
      (await server.ask('/api/workspace/export', { key: theirs.owner, headers: { 'purser-workspace': mine.id } })).status,
    ).toBe(403);
    expect((await server.ask(`/api/admin/workspaces/${mine.id}/export`, { key: mine.owner })).status).toBe(403);
    expect((await exported(`/api/admin/workspaces/${mine.id}/export`, server.admin_token)).manifest.workspace).toBe(mine.id);
  });

  it('takes the memory of a page however many rows there are', async () => {
    const { server, theirs } = two;
    const rows = 70_000;
    await server.database.pool.query(
      `insert into ledger.posting (workspace_id, posted_at, debit, credit, amount, unit, reason)
       select $1, now(), 'granted:gift', 'wallet', 1, 'credit', repeat(md5(n::text), 20) from generate_series(1, ${rows}) n`,
      [theirs.id],
    );
    const response = await fetch(`${server.url}/api/admin/workspaces/${theirs.id}/export`, {
      headers: { authorization: `Bearer ${server.admin_token}` },
    });
    globalThis.gc?.();
    const before = process.memoryUsage();
    let most = 0;
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).length;
      const now = process.memoryUsage();
      most = Math.max(most, now.arrayBuffers + now.external - before.arrayBuffers - before.external);
    }
    expect(bytes).toBeGreaterThan(1_000_000);
    // The rows are some 70 MB of JSON: what is buffered on the way, garbage included, is a fraction of that.
    expect(most).toBeLessThan(45_000_000);
  }, 120_000);
});

describe('the export of a person', () => {
  it('has its address, memberships, invitations and what the audit log has of it', async () => {
    const { mine, theirs } = two;
    const { text } = await exported('/api/persons/me/export', mine.owner);
    expect(text('person.jsonl')).toContain(`${mine.mark}@harbour.example`);
    expect(text('memberships.jsonl')).toContain(mine.id);
    expect(text('audit_log.jsonl')).toContain('member.join');
    for (const file of ['person', 'memberships', 'audit_log']) expect(text(`${file}.jsonl`)).not.toContain(theirs.mark);
  });
});
