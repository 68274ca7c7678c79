import type { LicenseNotice } from '@purser/license';
import type { LicenseNotice as NoticeAnswer } from '@purser/api';

export function wireNotice(notice: LicenseNotice | null): NoticeAnswer | null {
  if (notice === null) return null;
  return {
    ...notice,
    since: notice.since.toString(),
    ends_at: notice.ends_at?.toString() ?? null,
    off: [...notice.off],
    off_next: [...notice.off_next],
  };
}
