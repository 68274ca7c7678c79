import { describeMissing, missingAfter } from '@purser/audit';
import { PLATFORM } from '@purser/core';
import type { AlertSource, NewAlert } from '@purser/notify';

/** A fail-over or a restore that left out what was committed. */
export const MISSING: AlertSource = {
  name: 'missing',
  async after(connection, position, rows_max) {
    const { rows, through, found } = await missingAfter(connection, position, rows_max);
    return { rows, through, alerts: found.map(missingAlert) };
  },
};

function missingAlert(missing: Awaited<ReturnType<typeof missingAfter>>['found'][number]): NewAlert {
  return {
    workspace: PLATFORM,
    kind: 'missing',
    subject: 'books',
    window_start: missing.through,
    severity: 'critical',
    title: 'Ledger entries are missing',
    text: describeMissing(missing),
  };
}
