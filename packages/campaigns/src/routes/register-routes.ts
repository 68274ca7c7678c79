import type { App } from '@purser/http';

import type { CampaignsDeps } from '../deps.ts';
import { registerMailbox } from './mailbox.ts';
import { registerRead } from './read.ts';
import { registerSend } from './send.ts';
import { registerSenderStanding } from './sender-standing.ts';
import { registerSuppressions } from './suppressions.ts';
import { registerUnsubscribe } from './unsubscribe.ts';
import { registerSesWebhook } from './webhook-ses.ts';

export async function registerRoutes(app: App, deps: CampaignsDeps): Promise<void> {
  registerSend(app, deps);
  registerRead(app, deps);
  registerSuppressions(app, deps);
  registerSenderStanding(app, deps);
  registerMailbox(app, deps);
  registerUnsubscribe(app, deps);
  await registerSesWebhook(app, deps);
}
