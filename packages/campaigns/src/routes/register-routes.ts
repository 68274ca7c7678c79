import type { App } from '@purser/http';

import type { CampaignsDeps } from '../deps.ts';
import { registerDrafts } from './drafts.ts';
import { registerMailbox } from './mailbox.ts';
import { registerMoves } from './moves.ts';
import { registerRead } from './read.ts';
import { registerRecipients } from './recipients.ts';
import { registerSend } from './send.ts';
import { registerSuppressions } from './suppressions.ts';
import { registerTest } from './test.ts';
import { registerUnsubscribe } from './unsubscribe.ts';
import { registerSesWebhook } from './webhook-ses.ts';

export async function registerRoutes(app: App, deps: CampaignsDeps): Promise<void> {
  registerSend(app, deps);
  registerDrafts(app, deps);
  registerRecipients(app, deps);
  registerTest(app, deps);
  registerMoves(app, deps);
  registerRead(app, deps);
  registerSuppressions(app, deps);
  registerMailbox(app, deps);
  registerUnsubscribe(app, deps);
  await registerSesWebhook(app, deps);
}
