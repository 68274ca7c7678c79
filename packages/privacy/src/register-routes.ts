import type { App } from '@purser/http';

import { registerErasures } from './routes/erasures.ts';
import { registerExports } from './routes/exports.ts';
import type { PrivacyRoutesDeps } from './routes/deps.ts';

export function registerRoutes(app: App, deps: PrivacyRoutesDeps): void {
  registerErasures(app, deps);
  registerExports(app, deps);
}
