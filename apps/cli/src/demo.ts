import { appendAudit } from '@purser/audit';
import { isRefusal, RefusalError } from '@purser/core';
import { transaction } from '@purser/database';
import type { Settings } from '@purser/settings';
import { type Catalog, demoPlan, type Example, firstExample } from '@purser/catalog';
import type { RunningServer } from '@purser/server';

import { keepSecret, readKeptSecret } from './kept-secret.ts';

const NAME = 'Demo';
const EXTERNAL_ID = 'demo';
const KEY = 'demo-key';
const ENVIRONMENT = 'demo.env';

type Deps = RunningServer['composition']['deps'];
type Workspace = Parameters<Deps['policies']['load']>[0];

/** A workspace to try the installation by, and what to ask of it. */
export interface Demo {
  readonly key: string;
  readonly plan: string;
  /** Undefined: no plan of the catalog runs anything that a prompt could ask for. */
  readonly example: Example | undefined;
}

/**
 * The demo workspace, on a plan of the catalog that shows most: of an earlier start while its key still opens, else a fresh one. One that
 * was made under another catalog, and can ask for nothing of this one, stays as it is: another is made beside it.
 */
export async function openDemo(settings: Settings, { composition, address }: RunningServer): Promise<Demo> {
  const { deps } = composition;
  const demo = (await keptDemo(settings, deps)) ?? (await freshDemo(settings, deps));
  await keepSecret(settings.data_folder, ENVIRONMENT, environmentOf(address, demo));
  return demo;
}

async function keptDemo(settings: Settings, deps: Deps): Promise<Demo | undefined> {
  const key = await readKeptSecret(settings.data_folder, KEY);
  if (key === undefined) return undefined;
  const caller = await deps.identity.authenticate({ authorization: `Bearer ${key}` });
  if (isRefusal(caller) || caller.workspace === undefined) return undefined;
  return demoOf(deps, caller.workspace, key);
}

async function freshDemo(settings: Settings, deps: Deps): Promise<Demo> {
  const { identity, catalog } = deps;
  for (const external_id of [EXTERNAL_ID, `${EXTERNAL_ID}-${catalog.name}`]) {
    const known = await identity.workspaceByExternalId(external_id);
    if (known !== undefined && (await exampleFor(deps, known)) === undefined && sellsExamples(catalog)) continue;
    const opened =
      known === undefined ? await create(deps, external_id) : { workspace: known, key: await anotherKey(deps, known) };
    await keepSecret(settings.data_folder, KEY, opened.key);
    return { key: opened.key, plan: opened.workspace.plan, example: await exampleFor(deps, opened.workspace) };
  }
  throw new Error(`the workspaces ${EXTERNAL_ID} and ${EXTERNAL_ID}-${catalog.name} can ask for nothing of ${catalog.name}`);
}

async function demoOf(deps: Deps, workspace: Workspace, key: string): Promise<Demo | undefined> {
  const example = await exampleFor(deps, workspace);
  if (example === undefined && sellsExamples(deps.catalog)) return undefined;
  return { key, plan: workspace.plan, example };
}

async function exampleFor({ policies, clock }: Deps, workspace: Workspace): Promise<Example | undefined> {
  const { catalog, plan } = await policies.load(workspace, clock.now());
  return firstExample(catalog, plan);
}

function sellsExamples(catalog: Catalog): boolean {
  return firstExample(catalog, demoPlan(catalog)) !== undefined;
}

async function anotherKey({ identity }: Deps, workspace: Workspace): Promise<string> {
  const another = await identity.createKey({ workspace: workspace.id, name: 'demo key' });
  if (isRefusal(another)) throw new RefusalError(another);
  return another.secret;
}

async function create(
  { identity, pool, clock, catalog }: Deps,
  external_id: string,
): Promise<{ readonly workspace: Workspace; readonly key: string }> {
  const plan = demoPlan(catalog).code;
  return transaction(pool, async (connection) => {
    const created = await identity.createWorkspace({ name: NAME, external_id, plan }, connection);
    if (isRefusal(created)) throw new RefusalError(created);
    await appendAudit(connection, {
      at: clock.now(),
      actor: 'system',
      workspace: created.workspace.id,
      action: 'workspace.create',
      subject: `workspace:${created.workspace.id}`,
      detail: { name: NAME, plan },
    });
    return created;
  });
}

/** A command for a shell that asks for the example, or, where there is none, for what the workspace has. */
export function tryIt(address: string, { key, example }: Demo): string[] {
  const authorization = `-H ${quoted(`authorization: Bearer ${key}`)}`;
  if (example === undefined) return [`curl ${address}/api/usage ${authorization}`];
  return [
    `curl ${address}/api/ai/generate ${authorization} \\`,
    `  -H 'content-type: application/json' -d ${quoted(JSON.stringify(example))}`,
  ];
}

/** What the guides' examples read: they run with any catalog. */
function environmentOf(address: string, { key, plan, example }: Demo): string {
  const variables = {
    PURSER_URL: address,
    PURSER_KEY: key,
    PURSER_PLAN: plan,
    ...(example && { PURSER_OPERATION: example.operation, PURSER_CALL: JSON.stringify(example) }),
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join('\n');
}

/** As a shell reads it back, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
