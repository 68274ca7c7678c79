import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, test, vi } from 'vitest';

import { loadSettings } from './load.ts';
import { parseSettings, SETTINGS } from './settings.ts';

test('with nothing set, the program listens on loopback with everything inside', () => {
  expect(parseSettings({})).toMatchObject({
    port: 4780,
    host: '127.0.0.1',
    data_folder: '.purser',
    catalog_file: 'catalogs/default.yaml',
    admin_token: undefined,
    database_url: undefined,
    test_clock: undefined,
    allow_unproven_catalog: false,
    call_timeout_ms: 30_000,
    offline_provider: undefined,
    providers: { gemini: { api_key: undefined, base_url: undefined } },
    unknown: [],
  });
});

test('several keys, and servers of one’s own by name', () => {
  const { providers } = parseSettings({
    OPENAI_API_KEYS: 'sk-a:3, sk-b',
    PURSER_UPSTREAMS: 'groq,my_vllm',
    GROQ_BASE_URL: 'https://api.groq.example/openai/v1',
    GROQ_API_KEY: 'gsk',
    MY_VLLM_BASE_URL: 'http://10.0.0.7:8000',
    MY_VLLM_OUTPUT_LIMIT: 'probe',
  });
  expect(providers.openai).toMatchObject({
    api_keys: [
      { key: 'sk-a', weight: 3 },
      { key: 'sk-b', weight: 1 },
    ],
  });
  expect(providers['groq']).toMatchObject({ base_url: 'https://api.groq.example/openai/v1', api_key: 'gsk' });
  expect(providers['my_vllm']).toMatchObject({ base_url: 'http://10.0.0.7:8000', output_limit: 'probe' });
});

test.each([
  [{ OPENAI_API_KEYS: 'sk-a,sk-a' }, 'OPENAI_API_KEYS: got something else (not shown)'],
  [{ OPENAI_API_KEYS: 'sk-a:0' }, 'OPENAI_API_KEYS: got something else (not shown)'],
  [{ OPENAI_API_KEYS: 'sk-a', OPENAI_API_KEY: 'sk-b' }, 'OPENAI_API_KEYS: got it beside OPENAI_API_KEY, want one of the two'],
  [{ PURSER_UPSTREAMS: 'Groq' }, 'PURSER_UPSTREAMS: got "Groq"'],
  [{ PURSER_UPSTREAMS: 'openai' }, 'PURSER_UPSTREAMS: got "openai"'],
  [{ PURSER_UPSTREAMS: 'groq' }, 'GROQ_BASE_URL: got nothing, want the address of groq'],
  [{ PURSER_UPSTREAMS: 'groq', GROQ_BASE_URL: 'here' }, 'GROQ_BASE_URL: got "here"'],
])('%j is refused by name', (environment, message) => {
  expect(() => parseSettings(environment as Record<string, string>)).toThrow(message);
});

test('an empty value counts as unset', () => {
  expect(parseSettings({ PORT: '', OPENAI_API_KEY: ' ' })).toMatchObject({
    port: 4780,
    providers: { openai: { api_key: undefined } },
  });
});

test.each([
  ['PORT', 'eighty', 'PORT: got "eighty", want a whole number from 0 to 65535'],
  ['PORT', '65536', 'PORT: got "65536", want a whole number from 0 to 65535'],
  ['PORT', '-1', 'PORT: got "-1", want a whole number from 0 to 65535'],
  ['PORT', '80.5', 'PORT: got "80.5", want a whole number from 0 to 65535'],
  ['HOST', 'http://x', 'HOST: got "http://x", want a host name or an IP address'],
  ['PURSER_TEST_CLOCK', 'yes', 'PURSER_TEST_CLOCK: got "yes", want 1, 0, or a time to start at such as 2027-01-01T00:00:00Z'],
  ['PURSER_CALL_TIMEOUT_MS', '30s', 'PURSER_CALL_TIMEOUT_MS: got "30s", want a whole number from 100 to 600000'],
  ['PURSER_LOG_LEVEL', 'loud', 'PURSER_LOG_LEVEL: got "loud", want one of trace, debug, info, warn, error, fatal, silent'],
  [
    'PURSER_PUBLIC_URL',
    'purser.example',
    'PURSER_PUBLIC_URL: got "purser.example", want an address without path, query or name, like https://purser.example',
  ],
  ['PURSER_FREE_STARTS_PER_ADDRESS', 'many', 'PURSER_FREE_STARTS_PER_ADDRESS: got "many", want a whole number from 0 to 1000000'],
  [
    'DATABASE_URL',
    'postgres://a,b:5433/purser',
    'DATABASE_URL: got several hosts, want one: a name or a proxy that points to the primary, also after a failover',
  ],
  [
    'DATABASE_URL',
    'postgres://u:hunter2@a:5432,b:5432/purser?target_session_attrs=read-write',
    'DATABASE_URL: got several hosts, want one: a name or a proxy that points to the primary, also after a failover',
  ],
  [
    'DATABASE_URL',
    'postgres://a/purser?target_session_attrs=standby',
    'DATABASE_URL: got "target_session_attrs=standby", want read-write: every server writes',
  ],
  ['OPENAI_BASE_URL', 'localhost:80', 'OPENAI_BASE_URL: got "localhost:80", want an address like https://host/path'],
])('a wrong %s (%s) is refused in one line that names it, what it got and what it wants', (name, value, message) => {
  expect(() => parseSettings({ [name]: value })).toThrow(`wrong setting: ${message}`);
});

test.each([
  ['DATABASE_URL', 'mysql://root:hunter2hunter2@host/db'],
  ['REDIS_URL', 'hunter2hunter2'],
  ['NATS_URL', 'hunter2hunter2'],
  ['SMTP_URL', 'http://hunter2:hunter2@host'],
  ['OPENAI_API_KEY', 'hunter2 hunter2'],
  ['STRIPE_SECRET_KEY', 'pk_live_hunter2'],
  ['PURSER_PUBLIC_URL', 'https://hunter2:hunter2@purser.example'],
  ['OPENAI_BASE_URL', 'ftp://hunter2:hunter2@host'],
  ['STRIPE_WEBHOOK_SECRET', 'hunter2'],
  ['PURSER_ADMIN_TOKEN', 'hunter'],
])('a wrong %s is refused by name without being shown', (name, value) => {
  expect(() => parseSettings({ [name]: value })).toThrow(new RegExp(`^wrong setting: ${name}: [^\\n]*want `));
  expect(() => parseSettings({ [name]: value })).not.toThrow(/hunter/);
});

test.each([
  'https://purser.example/app',
  'https://purser.example/app/',
  'https://purser.example/?x=1',
  'https://purser.example?',
  'https://purser.example/#x',
  'https:purser.example',
  'https:\\\\purser.example',
  'https://purser.example/\\x',
  'ftp://purser.example',
  'javascript:alert(1)',
  'https://',
  '//purser.example',
  'https://purser.example:99999',
])('PURSER_PUBLIC_URL=%s is refused in one line: Purser has a host of its own', (given) => {
  expect(() => parseSettings({ PURSER_PUBLIC_URL: given })).toThrow(
    /^wrong setting: PURSER_PUBLIC_URL: got "[^\n]*", want an address without path, query or name, like https:\/\/purser\.example: [^\n]*$/,
  );
});

test.each([
  ['https://purser.example', 'https://purser.example'],
  ['https://purser.example/', 'https://purser.example'],
  ['HTTPS://Purser.Example:443/', 'https://purser.example'],
  ['http://localhost:4780', 'http://localhost:4780'],
  ['https://münchen.example/', 'https://xn--mnchen-3ya.example'],
  ['http://[::1]:4780/', 'http://[::1]:4780'],
])('PURSER_PUBLIC_URL=%s is the origin %s, as browsers write it', (given, origin) => {
  expect(parseSettings({ PURSER_PUBLIC_URL: given }).public_url).toBe(origin);
});

test('PURSER_ALLOWED_ORIGINS are exact origins, each once, as browsers write them', () => {
  expect(parseSettings({}).allowed_origins).toEqual([]);
  const given =
    'https://App.example, https://app.example:443/,http://localhost:5173 , http://127.0.0.1:3000,http://[::1]:1,https://münchen.example';
  expect(parseSettings({ PURSER_ALLOWED_ORIGINS: given }).allowed_origins).toEqual([
    'https://app.example',
    'http://localhost:5173',
    'http://127.0.0.1:3000',
    'http://[::1]:1',
    'https://xn--mnchen-3ya.example',
  ]);
});

test.each([
  '*',
  'null',
  'https://*.app.example',
  'http://app.example',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'https://app.example/path',
  'https://app.example,',
  'https://app.example https://other.example',
  'https://name:word@app.example',
  'app.example',
  'file:///',
])('PURSER_ALLOWED_ORIGINS=%s is refused in one line that says what is wanted', (given) => {
  expect(() => parseSettings({ PURSER_ALLOWED_ORIGINS: given })).toThrow(
    /^wrong setting: PURSER_ALLOWED_ORIGINS: [^\n]*, want origins of your apps with commas between[^\n]*$/,
  );
});

test('several wrong settings share the one line', () => {
  expect(() => parseSettings({ PORT: 'x', PURSER_TEST_CLOCK: '2' })).toThrow(
    /^wrong setting: PORT: [^\n]*; PURSER_TEST_CLOCK: [^\n]*$/,
  );
});

test('a misspelt name of ours is reported, names of others are not', () => {
  expect(parseSettings({ PURSER_CATALGO: 'x', HOME: '/root', PURSER_REQUIRE_SERVICES: '1' }).unknown).toEqual(['PURSER_CATALGO']);
});

test('the environment wins over the file .env', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'purser-settings-'));
  try {
    await writeFile(path.join(folder, '.env'), '# ours\nPORT=5001\nPURSER_QUEUE_MAX="77"\n');
    vi.stubEnv('PORT', '5002');
    expect(loadSettings(folder)).toMatchObject({ port: 5002, queue_max: 77 });
  } finally {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  }
});

test('every setting that the program reads is in the table of docs/operating.md, by its whole name, and no other is', () => {
  const text = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const table = text.slice(text.indexOf('## Settings'), text.indexOf('## What is supported'));
  const names = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split(' | ', 1)[0] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name ?? ''));
  expect(names.toSorted()).toEqual(SETTINGS.toSorted());
});

test('the web client of another origin may call, and is one origin over https or on this machine', () => {
  const { web_url, allowed_origins } = parseSettings({
    PURSER_WEB_URL: 'https://app.example',
    PURSER_ALLOWED_ORIGINS: 'https://app.example, https://other.example',
  });
  expect([web_url, allowed_origins]).toEqual(['https://app.example', ['https://app.example', 'https://other.example']]);
  for (const given of [
    'http://app.example',
    'https://app.example/page',
    'https://*.example',
    'app.example',
    'https://a:b@app.example',
  ]) {
    expect(() => parseSettings({ PURSER_WEB_URL: given })).toThrow(/PURSER_WEB_URL.*want the origin of the web client/);
  }
});
