import type { Feature, Page } from '../feature.ts';
import { account } from './account/manifest.ts';
import { alerts } from './alerts/manifest.ts';
import { gateway } from './gateway/manifest.ts';
import { marketplace } from './marketplace/manifest.ts';
import { operator } from './operator/manifest.ts';
import { reference } from './reference/manifest.ts';

/** The products that the page shows: a new one is a line here. */
export const FEATURES: readonly Feature[] = [gateway, marketplace, account, alerts, operator, reference];

export const PAGES: readonly Page[] = FEATURES.flatMap(({ pages }) => pages);
