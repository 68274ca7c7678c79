import type { App } from '@purser/http';

import { registerAlerts } from './alerts.ts';
import { registerAudit } from './audit.ts';
import { registerBooks } from './books.ts';
import { registerCatalog } from './catalog.ts';
import { registerClock } from './clock.ts';
import { registerCredits } from './credits.ts';
import { registerFraud } from './fraud.ts';
import { registerFreeze } from './freeze.ts';
import { registerGifts } from './gifts.ts';
import { registerKeys } from './keys.ts';
import { registerLadder } from './ladder.ts';
import { registerModels } from './models.ts';
import { registerOperators } from './operators.ts';
import { registerPayments } from './payments.ts';
import { registerPurchases } from './purchases.ts';
import { registerReconciliation } from './reconciliation.ts';
import { registerReports } from './reports.ts';
import { registerRollouts } from './rollouts.ts';
import { registerTransactions } from './transactions.ts';
import { registerUnresolved } from './unresolved.ts';
import { registerWorkspaces } from './workspaces.ts';
import type { ConsoleDeps } from './deps.ts';

export async function registerRoutes(app: App, deps: ConsoleDeps): Promise<void> {
  registerAlerts(app, deps);
  registerAudit(app, deps);
  registerBooks(app, deps);
  registerCatalog(app, deps);
  registerClock(app, deps);
  registerCredits(app, deps);
  registerFraud(app, deps);
  registerFreeze(app, deps);
  registerGifts(app, deps);
  registerKeys(app, deps);
  registerLadder(app, deps);
  registerModels(app, deps);
  registerOperators(app, deps);
  registerPayments(app, deps);
  registerPurchases(app, deps);
  await registerReconciliation(app, deps);
  registerReports(app, deps);
  registerRollouts(app, deps);
  registerTransactions(app, deps);
  registerUnresolved(app, deps);
  registerWorkspaces(app, deps);
}
