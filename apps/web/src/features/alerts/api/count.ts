import type { AlertCount } from '@purser/api';
import { queryOptions } from '@tanstack/react-query';

import { get } from '../../../api/client.ts';

/** How often the badge and the list are read again while the page is in view. */
export const EVERY_MS = 15_000;

export const alertsPath = (operator: boolean): string => (operator ? '/api/admin/alerts' : '/api/alerts');
export const alertsKey = (operator: boolean): readonly string[] => (operator ? ['admin', 'alerts'] : ['alerts']);

/** For the badge beside the tab. */
export function alertCountQuery(operator: boolean) {
  return queryOptions({
    queryKey: [...alertsKey(operator), 'count'],
    queryFn: ({ signal }) => get<AlertCount>(`${alertsPath(operator)}/count`, { signal }),
    refetchInterval: EVERY_MS,
  });
}
