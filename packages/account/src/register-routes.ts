import type { App } from '@purser/http';

import { registerAlertGroups } from './alert-groups.ts';
import { registerAlerts } from './alerts.ts';
import { registerAllocations } from './allocations.ts';
import { registerAuth } from './auth.ts';
import { registerCalls } from './calls.ts';
import { registerJobs } from './jobs.ts';
import { registerKeys } from './keys.ts';
import { registerLicense } from './license.ts';
import { registerMembers } from './members.ts';
import { registerSession } from './session.ts';
import { registerStatement } from './statement.ts';
import { registerDailyUsage } from './daily-usage.ts';
import { registerUsage } from './usage.ts';
import type { AccountDeps } from './deps.ts';

export function registerRoutes(app: App, deps: AccountDeps): void {
  registerUsage(app, deps);
  registerDailyUsage(app, deps);
  registerLicense(app, deps);
  registerCalls(app, deps);
  registerSession(app, deps);
  registerAuth(app, deps);
  registerMembers(app, deps);
  registerAllocations(app, deps);
  registerStatement(app, deps);
  registerJobs(app, deps);
  registerKeys(app, deps);
  registerAlerts(app, deps);
  registerAlertGroups(app, deps);
}
