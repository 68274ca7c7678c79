import type { Module } from '@purser/module';

import { registerAlerts } from './alerts.ts';
import { registerAllocations } from './allocations.ts';
import { registerAuth } from './auth.ts';
import { registerCalls } from './calls.ts';
import type { AccountDeps } from './deps.ts';
import { registerKeys } from './keys.ts';
import { registerLicense } from './license.ts';
import { registerMembers } from './members.ts';
import { registerSession } from './session.ts';
import { registerStatement } from './statement.ts';
import { registerUsage } from './usage.ts';

export type { AccountDeps } from './deps.ts';
export {
  alertPageSchema,
  alertQuery,
  alertSchema,
  replaceSettings,
  searchOf,
  settingsSchema,
  wireAlert,
  wireSettings,
} from './alerts.ts';
export { callSchema, wireCall } from './calls.ts';
export { wireInvitation } from './members.ts';

/** One workspace as those who belong to it see it: sessions, people, keys, allocations, usage, statements, alerts, license. */
export const account: Module<AccountDeps> = {
  name: 'account',
  routes(app, deps) {
    registerUsage(app, deps);
    registerLicense(app, deps);
    registerCalls(app, deps);
    registerSession(app, deps);
    registerAuth(app, deps);
    registerMembers(app, deps);
    registerAllocations(app, deps);
    registerStatement(app, deps);
    registerKeys(app, deps);
    registerAlerts(app, deps);
  },
};
