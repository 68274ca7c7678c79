import { parseSettings } from '@purser/settings';
import { createLog, type Log } from '@purser/log';
import { suiteClock } from '@purser/core/testing';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';

import type { ServerOptions } from '../compose.ts';
import { MIGRATIONS } from '../migrations.ts';
import { provenCatalog } from '../proven-catalog.ts';
import { type RunningServer, startServer } from '../start.ts';
import type { Json } from './json.ts';

/** A listening server on a test database, with every room real. */
export interface TestServer {
  readonly url: string;
  readonly running: RunningServer;
  readonly database: TestDatabase;
  readonly admin_token: string;
  /** The lines of its log that were written, newest last. */
  readonly log_lines: string[];
  /** A request with a key; an object as `body` goes as JSON. */
  ask(path: string, options?: Asked): Promise<Answered>;
  /** The same as the admin. */
  admin(path: string, options?: Asked): Promise<Answered>;
  /** A fresh workspace. */
  workspace(plan?: string, more?: object): Promise<{ readonly id: string; readonly key: string }>;
  close(): Promise<void>;
}

export interface Asked {
  readonly key?: string;
  readonly method?: string;
  /** A string, and bytes, go as they are. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: Json;
}

const ADMIN_TOKEN = 'test admin token'.replaceAll(' ', '-');
const CATALOG = new URL('../../../../catalogs/default.yaml', import.meta.url).pathname;

export async function startTestServer(
  environment: Readonly<Record<string, string>> = {},
  more: Partial<Pick<ServerOptions, 'pause' | 'web_directory'>> = {},
): Promise<TestServer> {
  const database = await createTestDatabase(MIGRATIONS.slice(1));
  const log_lines: string[] = [];
  const log: Log = createLog({ level: 'info', write: (line) => log_lines.push(line) });
  const clock = { PURSER_TEST_CLOCK: suiteClock().now().toString() };
  const settings = parseSettings({ PORT: '0', PURSER_CATALOG: CATALOG, ...clock, ...environment });
  const catalog = await provenCatalog(settings, suiteClock().now(), log);
  const running = await startServer({
    settings,
    database_url: database.url,
    admin_token: ADMIN_TOKEN,
    catalog,
    log,
    ...more,
  });
  const url = running.address;

  async function ask(path: string, { key, method, body, headers, signal }: Asked = {}): Promise<Answered> {
    const response = await fetch(url + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && {
        body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
      }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, text, json: (isJson ? JSON.parse(text) : undefined) as Json };
  }
  const admin = (path: string, options: Asked = {}): Promise<Answered> => ask(path, { key: ADMIN_TOKEN, ...options });

  return {
    url,
    running,
    database,
    admin_token: ADMIN_TOKEN,
    log_lines,
    ask,
    admin,
    async workspace(plan = 'PRO', wanted = {}) {
      const made = await admin('/api/admin/workspaces', { body: { name: 'Test', plan, ...wanted } });
      if (made.status !== 201) throw new Error(made.text);
      return { id: made.json.id, key: made.json.key };
    },
    async close() {
      await running.stop();
      await database.drop();
    },
  };
}

/** The events of a `text/event-stream`, parsed. */
export function eventsIn(text: string): { event: string; data: Json }[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [event = '', data = ''] = block.split('\n').map((line) => line.replace(/^(event|data): /, ''));
      return { event, data: JSON.parse(data) as Json };
    });
}
