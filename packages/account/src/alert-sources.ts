import { type LicenseChange, licenseChanges } from '@purser/license';
import type { AlertSource, NewAlert } from '@purser/notify';

/** Each change of a license. */
export const LICENSES: AlertSource = {
  name: 'license',
  async after(connection, position) {
    const changes = await licenseChanges(connection, `${position.xid}.${position.id}`);
    const [xid = position.xid, id = position.id] = changes.at(-1)?.cursor.split('.').map(BigInt) ?? [];
    return { rows: changes.length, through: { xid, id }, alerts: changes.map(licenseAlert) };
  },
};

function licenseAlert({ workspace, from, to, at, why, what_to_do }: LicenseChange): NewAlert {
  return {
    workspace,
    kind: 'license',
    subject: `license ${from} to ${to}`,
    window_start: at,
    severity: to === 'active' ? 'info' : to === 'grace' ? 'warning' : 'critical',
    title: licenseTitle(from, to),
    text: `${why} ${what_to_do}`,
  };
}

function licenseTitle(from: LicenseChange['from'], to: LicenseChange['to']): string {
  if (to === 'active') return 'Everything your plan includes is on again';
  return from === to ? 'More features are off because a payment is open' : `The license is now “${to}”`;
}
