import { loadSettings, type Settings } from '@purser/settings';
import { createLog } from '@purser/log';
import type { RunningServer } from '@purser/server';

import { moduleSettings } from '../module-settings.ts';
import { type Demo, openDemo, tryIt } from '../demo.ts';
import { runServer } from '../run-server.ts';

/** Everything on one machine, with a demo workspace to try it by; its words are for a person. */
export async function up(): Promise<void> {
  const settings = loadSettings(process.cwd(), moduleSettings());
  // Someone watches this terminal: what goes well is said in the block below, and only what does not is logged.
  const log = createLog({ level: settings.log_level === 'info' ? 'warn' : settings.log_level });
  for (const name of settings.unknown) console.error(`purser: there is no setting ${name}; it is ignored`);
  await runServer({
    settings,
    log,
    say: (line) => console.log(`· ${line}`),
    async started({ running, admin_token, database }) {
      const demo = await openDemo(settings, running);
      const seconds = (performance.now() / 1000).toFixed(1);
      console.log(block(settings, running, { admin_token, demo, seconds, database }));
    },
  });
}

function block(
  settings: Settings,
  { address, composition }: RunningServer,
  shown: { readonly admin_token: string; readonly demo: Demo; readonly seconds: string; readonly database: string },
): string {
  const { catalog, providers_configured, providers_callable } = composition.deps;
  const providers = [...providers_configured];
  const none = providers_callable.has('offline') ? 'the offline provider answers' : 'and the offline provider is turned off';
  const lines: [string, string][] = [
    ['web', address],
    ['API', `${address}/api · ${address}/v1 (OpenAI) · ${address}/docs`],
    ['database', shown.database],
    ['catalog', `${catalog.version}${settings.allow_unproven_catalog ? '' : ', every plan proven'}`],
    ['providers', providers.length === 0 ? `none configured: ${none}` : providers.join(', ')],
    ['admin token', shown.admin_token],
    ['demo key', shown.demo.key],
    ['demo plan', shown.demo.plan],
  ];
  return [
    '',
    `  Purser is up (${shown.seconds} s)`,
    '',
    ...lines.map(([name, value]) => `  ${name.padEnd(12)} ${value}`),
    '',
    '  try it:',
    ...tryIt(address, shown.demo).map((line) => `  ${line}`),
    '',
    '  Ctrl-C stops everything',
    '',
  ].join('\n');
}
