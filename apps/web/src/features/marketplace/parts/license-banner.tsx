import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';

import { usageQuery } from '../../../api/queries.ts';

/** Loaded when there is something to say: most licenses are active. */
const Notice = lazy(async () => ({ default: (await import('./license-notice.tsx')).LicenseNoticeBanner }));

/** While the license is not active: why, what is off, and the one thing that helps. On every page of the workspace. */
export function LicenseBanner() {
  const usage = useQuery(usageQuery);
  const notice = usage.data?.license_notice ?? null;
  return notice === null ? null : (
    <Suspense>
      <Notice notice={notice} />
    </Suspense>
  );
}
