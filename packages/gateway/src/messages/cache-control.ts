import type { Asked } from '@purser/gate';

import { isSet, type Json, mistake, objectAt, oneOf } from '../chat/reading.ts';

/** Kept in the provider's cache for five minutes; for an hour it is billed at a price that is not reserved. */
export function cacheOf({ cache_control }: Json, at: string, asked: Asked[]): { readonly cached?: true } {
  if (!isSet(cache_control)) return {};
  const { type, ttl } = objectAt(cache_control, `${at}.cache_control`);
  oneOf(type, `${at}.cache_control.type`, ['ephemeral']);
  if (isSet(ttl) && ttl !== '5m')
    mistake(`${at}.cache_control.ttl`, ttl, '5m: caching for an hour is billed at a price that is not reserved');
  asked.push({ feature: 'cache', member: `${at}.cache_control` });
  return { cached: true };
}
