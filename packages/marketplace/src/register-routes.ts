import type { App } from '@purser/http';

import { registerShop } from './routes/shop.ts';
import { registerStripeWebhooks } from './routes/webhooks-stripe.ts';
import type { MarketplaceRoutesDeps } from './routes/deps.ts';

export async function registerRoutes(app: App, deps: MarketplaceRoutesDeps): Promise<void> {
  registerShop(app, deps);
  await registerStripeWebhooks(app, deps);
}
