import type { Catalog } from '@purser/catalog';
import type { Site } from '@purser/http';
import type { Licenses } from '@purser/license';
import type { Log } from '@purser/log';

import type { Marketplace } from '../marketplace.ts';

/** What the endpoints of the marketplace need of a server. */
export interface MarketplaceRoutesDeps {
  readonly log: Log;
  readonly catalog: Catalog;
  readonly marketplace: Marketplace;
  readonly licenses: Licenses;
  readonly site: Site;
}
