import type { Module } from '@purser/module';

import { COMMANDS } from './commands.ts';
import type { ConsoleDeps } from './deps.ts';

/** What the operator of an installation sees and does, across workspaces. */
export const operatorConsole: Module<ConsoleDeps> = {
  name: 'console',
  alert_sources: async () => [(await import('./alert-sources.ts')).MISSING],
  commands: COMMANDS,
  async routes(app, deps) {
    await (await import('./register-routes.ts')).registerRoutes(app, deps);
  },
};
