import { type Refusal, refusalKind } from '@purser/core';

import { PurserRefusal } from './purser-refusal.ts';

/** What is refused in here, as it is told out there. */
export function refusalError({ code, detail, retryAfterSeconds, offers }: Refusal): PurserRefusal {
  const { status, title } = refusalKind(code);
  return new PurserRefusal({
    type: `/problems/${code}`,
    title,
    status,
    code,
    ...(detail !== '' && { detail }),
    ...(retryAfterSeconds !== undefined && { retry_after: Math.max(1, Math.ceil(retryAfterSeconds)) }),
    ...(offers !== undefined && offers.length > 0 && { offers }),
  });
}
