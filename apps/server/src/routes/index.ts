import type { RouteDeps } from '../deps.ts';
import type { App } from '../http/types.ts';
import { registerAdminAudit } from './admin-audit.ts';
import { registerAdminBooks } from './admin-books.ts';
import { registerAdminClock } from './admin-clock.ts';
import { registerAdminCredits } from './admin-credits.ts';
import { registerAdminFreeze } from './admin-freeze.ts';
import { registerAdminKeys } from './admin-keys.ts';
import { registerAdminLadder } from './admin-ladder.ts';
import { registerAdminModels } from './admin-models.ts';
import { registerAdminTransactions } from './admin-transactions.ts';
import { registerAdminWorkspaces } from './admin-workspaces.ts';
import { registerCalls } from './calls.ts';
import { registerCatalogue } from './catalogue.ts';
import { registerChatCompletions } from './chat-completions.ts';
import { registerApiDescription, registerDocs } from './docs.ts';
import { registerGenerate } from './generate.ts';
import { registerHealth } from './health.ts';
import { registerLimitsEstimate } from './limits-estimate.ts';
import { registerOpenAiModels } from './openai-models.ts';
import { registerSession } from './session.ts';
import { registerUsage } from './usage.ts';
import { registerWebClient } from './web-client.ts';

/** Every route there is. The description goes first, because it sees only what is registered after it. */
export async function registerRoutes(app: App, deps: RouteDeps): Promise<void> {
  await registerApiDescription(app);
  registerGenerate(app, deps);
  registerChatCompletions(app, deps);
  registerOpenAiModels(app, deps);
  registerUsage(app, deps);
  registerLimitsEstimate(app, deps);
  registerCatalogue(app, deps);
  registerCalls(app, deps);
  registerSession(app, deps);
  registerAdminWorkspaces(app, deps);
  registerAdminKeys(app, deps);
  registerAdminCredits(app, deps);
  registerAdminBooks(app, deps);
  registerAdminAudit(app, deps);
  registerAdminTransactions(app, deps);
  registerAdminModels(app, deps);
  registerAdminFreeze(app, deps);
  registerAdminLadder(app, deps);
  registerAdminClock(app, deps);
  registerHealth(app, deps);
  await registerDocs(app);
  await registerWebClient(app, deps);
}
