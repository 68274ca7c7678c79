import { appendAudit } from '@purser/audit';
import { createLog, isRefusal, loadSettings, RefusalError, type Settings, transaction } from '@purser/base';
import type { RunningServer } from '@purser/server';

import { keepSecret, readKeptSecret } from '../kept-secret.ts';
import { runServer } from '../run-server.ts';

const DEMO = { name: 'Demo', plan: 'PRO', external_id: 'demo' } as const;
const DEMO_KEY = 'demo-key';

/** Everything on one machine, with a demo workspace to try it by; its words are for a person. */
export async function up(): Promise<void> {
  const settings = loadSettings(process.cwd());
  // Someone watches this terminal: what goes well is said in the block below, and only what does not is logged.
  const log = createLog({ level: settings.log_level === 'info' ? 'warn' : settings.log_level });
  for (const name of settings.unknown) console.error(`purser: there is no setting ${name}; it is ignored`);
  await runServer({
    settings,
    log,
    say: (line) => console.log(`· ${line}`),
    async started({ running, admin_token, database }) {
      const key = await demoKey(settings, running);
      const seconds = (performance.now() / 1000).toFixed(1);
      console.log(block(settings, running, { admin_token, key, seconds, database }));
    },
  });
}

/** The demo workspace's key: of an earlier start while it still opens, else a fresh one. */
async function demoKey(settings: Settings, { composition }: RunningServer): Promise<string> {
  const { deps } = composition;
  const kept = await readKeptSecret(settings.data_folder, DEMO_KEY);
  if (kept !== undefined && !isRefusal(await deps.identity.authenticate({ authorization: `Bearer ${kept}` }))) return kept;
  const hasDemoPlan = deps.catalogue.plans.some(({ code }) => code === DEMO.plan);
  const key = await freshDemoKey(deps, hasDemoPlan ? DEMO.plan : firstPlanWithAi(deps.catalogue));
  await keepSecret(settings.data_folder, DEMO_KEY, key);
  return key;
}

type Deps = RunningServer['composition']['deps'];

async function freshDemoKey({ identity, pool, clock }: Deps, plan: string): Promise<string> {
  const known = await identity.workspaceByExternalId(DEMO.external_id);
  if (known !== undefined) {
    const another = await identity.createKey({ workspace: known.id, name: 'demo key' });
    if (isRefusal(another)) throw new RefusalError(another);
    return another.secret;
  }
  return transaction(pool, async (connection) => {
    const created = await identity.createWorkspace({ ...DEMO, plan }, connection);
    if (isRefusal(created)) throw new RefusalError(created);
    await appendAudit(connection, {
      at: clock.now(),
      actor: 'system',
      workspace: created.workspace.id,
      action: 'workspace.create',
      subject: `workspace:${created.workspace.id}`,
      detail: { name: DEMO.name, plan },
    });
    return created.key;
  });
}

/** Catalogues other than the default one have no PRO. */
function firstPlanWithAi({ plans }: Deps['catalogue']): string {
  const paid = plans.find((plan) => plan.features.includes('ai') && plan.price.nanos > 0n);
  return (paid ?? plans[0])?.code ?? DEMO.plan;
}

function block(
  settings: Settings,
  { address, composition }: RunningServer,
  shown: { readonly admin_token: string; readonly key: string; readonly seconds: string; readonly database: string },
): string {
  const { catalogue, providers_configured, providers_callable } = composition.deps;
  const providers = [...providers_configured];
  const none = providers_callable.has('offline') ? 'the offline provider answers' : 'and the offline provider is turned off';
  const lines: [string, string][] = [
    ['web', address],
    ['API', `${address}/api · ${address}/v1 (OpenAI) · ${address}/docs`],
    ['database', shown.database],
    ['catalogue', `${catalogue.version}${settings.allow_unproven_catalog ? '' : ', every plan proven'}`],
    ['providers', providers.length === 0 ? `none configured: ${none}` : providers.join(', ')],
    ['admin token', shown.admin_token],
    ['demo key', shown.key],
  ];
  return [
    '',
    `  Purser is up (${shown.seconds} s)`,
    '',
    ...lines.map(([name, value]) => `  ${name.padEnd(12)} ${value}`),
    '',
    '  try it:',
    `  curl ${address}/api/ai/generate -H 'authorization: Bearer ${shown.key}' \\`,
    `    -H 'content-type: application/json' -d '{"operation":"summarise","prompt":"…your text…"}'`,
    '',
    '  Ctrl-C stops everything',
    '',
  ].join('\n');
}
