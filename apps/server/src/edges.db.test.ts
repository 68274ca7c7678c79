import { afterAll, beforeAll, expect, it } from 'vitest';

import { edgeBodies, edgePaths } from './testing/edges.ts';
import { type Asked, startTestServer, type TestServer } from './testing/index.ts';
import type { Json } from './testing/json.ts';

/* Every operation of the API description with values at the edges of each of its members and parameters, by every kind of caller. */

/** Much longer than any answer takes, on a machine that is busy. */
const ANSWERED_WITHIN_MS = 20_000;
const AT_ONCE = 8;

let server: TestServer;
let workspace: { readonly id: string; readonly key: string };
let operations: { readonly path: string; readonly method: string; readonly operation: Json }[];
beforeAll(async () => {
  server = await startTestServer();
  workspace = await server.workspace('PRO', { overrides: { rate: { rps: 10_000, rpm: 100_000, burst: 10_000 } } });
  const { paths } = (await server.ask('/api/openapi.json')).json as unknown as { paths: Record<string, Record<string, Json>> };
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
});
afterAll(() => server.close());

interface Edge {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

function edgesOf({ path, method, operation }: (typeof operations)[number], id: string): Edge[] {
  const addresses = edgePaths(path, operation, id);
  const body = method === 'GET' ? undefined : '{}';
  const bodies = body === undefined ? [] : edgeBodies(operation, id);
  return [
    ...addresses.map((address) => ({ method, path: address, body })),
    ...bodies.map((edge) => ({ method, path: addresses[0] ?? path, body: edge })),
  ];
}

/** What is wrong with the answer to a request, or nothing. */
async function wrongWith({ method, path, body }: Edge, caller: Asked): Promise<string | undefined> {
  const asked = `${method} ${path.slice(0, 160)} ${body?.slice(0, 160) ?? ''}`;
  try {
    const signal = AbortSignal.timeout(ANSWERED_WITHIN_MS);
    const { status, headers, text } = await server.ask(path, { method, ...caller, ...(body !== undefined && { body }), signal });
    if (status < 400) return undefined;
    const kind = headers.get('content-type') ?? '';
    // The page of a sign-in link is read by a person.
    const page = path.startsWith('/api/auth/magic-link/verify') && kind.startsWith('text/html');
    const told = page || kind.includes('problem+json') || /^\{(?:"type":"error",)?"error":\{"(?:message|type)"/.test(text);
    // 501: what was not set up, as payments; 502: an address that could not be reached.
    return told && (status < 500 || status === 501 || status === 502) ? undefined : `${asked} → ${status} ${text.slice(0, 200)}`;
  } catch (error) {
    return `${asked} → ${String(error)}`;
  }
}

async function wrongOf(edges: readonly Edge[], caller: Asked): Promise<string[]> {
  const wrong: string[] = [];
  for (let at = 0; at < edges.length; at += AT_ONCE) {
    const answers = await Promise.all(edges.slice(at, at + AT_ONCE).map((edge) => wrongWith(edge, caller)));
    wrong.push(...answers.filter((one) => one !== undefined));
  }
  return wrong;
}

it('an operator who sends whatever a member can hold is answered, and refused by a problem', async () => {
  const wrong: string[] = [];
  for (const operation of operations) {
    const acting = operation.path.startsWith('/api/admin') ? {} : { 'purser-workspace': workspace.id };
    wrong.push(...(await wrongOf(edgesOf(operation, workspace.id), { key: server.admin_token, headers: acting })));
  }
  expect(wrong).toEqual([]);
}, 600_000);

it('so are a workspace’s key, a session, a platform key, and nobody at all', async () => {
  const platform = await server.admin('/api/admin/keys', { body: { name: 'Backend' } });
  const session = await server.ask('/api/auth/sign-in/anonymous', { body: { cookie: false } });
  const callers: Asked[] = [
    { key: workspace.key },
    { key: platform.json.key, headers: { 'purser-workspace': workspace.id, 'purser-user': 'a' } },
    { key: session.json.token },
    {},
  ];
  const wrong: string[] = [];
  for (const operation of operations.filter(({ path }) => !path.startsWith('/api/admin'))) {
    const edges = edgesOf(operation, workspace.id);
    for (const [place, caller] of callers.entries()) {
      wrong.push(
        ...(await wrongOf(
          edges.filter((_, at) => at % callers.length === place),
          caller,
        )),
      );
    }
  }
  expect(wrong).toEqual([]);
}, 600_000);

it('after all of it there is no error in the log, and the books balance', async () => {
  expect(server.log_lines.filter((line) => /"level":"(?:error|fatal)"/.test(line)).map((line) => line.slice(0, 600))).toEqual([]);
  expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true });
});
