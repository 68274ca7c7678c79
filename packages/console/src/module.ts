import type { Module } from '@purser/module';

import { COMMANDS } from './commands.ts';
import type { ConsoleDeps } from './deps.ts';

const LANE_WAIT = { kind: 'lane_wait', title: 'Work waits longer in a lane than it should', for_workspace: false };

/** What the operator of an installation sees and does, across workspaces. */
export const operatorConsole: Module<ConsoleDeps> = {
  name: 'console',
  alert_kinds: [LANE_WAIT],
  alert_sources: async () => [(await import('./alert-sources.ts')).MISSING, (await import('./lane-alerts.ts')).LANES_LATE],
  commands: COMMANDS,
  async routes(app, deps) {
    await (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
