import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-web-'));
  await mkdir(path.join(folder, 'assets'));
  await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>Purser</title>');
  await writeFile(path.join(folder, 'signed-out.html'), '<!doctype html><title>Purser</title><h1>Sign in</h1>');
  await writeFile(path.join(folder, 'mark.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(path.join(folder, 'assets', 'index-abc.js'), 'export {};');
  server = await startTestServer({}, { web_directory: folder });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const browse = (at: string) => server.ask(at, { headers: { accept: 'text/html,application/xhtml+xml' } });

describe('the web client', () => {
  it('is one page for all of its screens, asked for again each time and in nobody’s frame', async () => {
    for (const screen of ['/', '/limits', '/calls', '/admin', '/admin/books']) {
      const { status, text, headers } = await browse(screen);
      expect([screen, status, text.includes('<title>Purser</title>')]).toEqual([screen, 200, true]);
      expect(headers.get('cache-control')).toBe('no-cache');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    }
  });

  it('gives readers without a session its first screen in the page, at the first address alone, and caches know what it depends on', async () => {
    const { text, headers } = await browse('/');
    expect(text).toContain('<h1>Sign in</h1>');
    expect(headers.get('vary')).toContain('cookie');
    expect((await browse('/usage')).text).not.toContain('<h1>');
    const cookie = 'other=1; purser_session=whatever';
    const known = await server.ask('/', { headers: { accept: 'text/html', cookie } });
    expect(known.text).not.toContain('<h1>');
  });

  it('comes with files that never change under one name', async () => {
    const { headers } = await server.ask('/assets/index-abc.js');
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('content-type')).toMatch(/javascript/);
    expect((await server.ask('/mark.svg')).headers.get('content-type')).toMatch(/svg/);
  });

  it('never answers for an API path, a file that is missing, or a client that wants no page', async () => {
    for (const at of ['/api/nothing', '/v1/nothing', '/assets/missing.js', '/problems/nothing']) {
      const { status, headers } = await browse(at);
      expect([at, status, headers.get('content-type')?.includes('json')]).toEqual([at, 404, true]);
    }
    expect((await server.ask('/limits')).status).toBe(404);
    expect((await server.ask('/..%2f..%2fpackage.json')).status).toBe(404);
  });
});

describe('the operator’s pages', () => {
  it('/docs is a page of the web client, and loads nothing from elsewhere', async () => {
    const { status, text, headers } = await browse('/docs');
    expect([status, text]).toEqual([200, (await browse('/usage')).text]);
    expect(text).not.toMatch(/(?:src|href)="https?:/);
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
  });

  it('/metrics tells requests by route pattern, calls by outcome, and batches; and no workspace by name', async () => {
    const { id, key } = await server.workspace();
    await server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' } });
    await server.ask('/api/ai/generate', { key, body: { operation: 'dance', prompt: 'hello' } });
    await server.ask(`/api/admin/workspaces/${id}`);
    const { text } = await server.ask('/metrics');
    expect(text).toMatch(/purser_gate_calls_total\{operation="chat",model="offline\/[^"]+",plan="PRO",outcome="ok"\} 1/);
    expect(text).toMatch(/purser_gate_calls_total\{operation="",model="",plan="PRO",outcome="invalid_request"\} 1/);
    expect(text).toMatch(
      /purser_http_request_seconds_count\{method="GET",route="\/api\/admin\/workspaces\/:id",status="401"\} 1/,
    );
    expect(text).toMatch(/purser_meter_batch_size_count\{kind="hold"\} [1-9]/);
    expect(text).toMatch(/purser_credits_charged_total 1\b/);
    expect(text).toMatch(/process_resident_memory_bytes \d+/);
    expect(text).not.toContain(id);
  });

  it('/healthz and /readyz answer anyone', async () => {
    expect((await server.ask('/healthz')).json).toEqual({ status: 'ok' });
    expect((await server.ask('/readyz')).json).toEqual({ status: 'ok' });
  });
});
