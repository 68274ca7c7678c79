import { isIPv6 } from 'node:net';

import { appendAudit } from '@purser/audit';
import type { Clock, Log, Settings } from '@purser/base';
import type { PersonsOptions } from '@purser/identity';

/** How persons sign in to this installation. `print` is there on a local start alone. */
export function personsOptions(
  settings: Settings,
  { clock, log, print }: { clock: Clock; log: Log; print?: (text: string) => void },
): PersonsOptions {
  return {
    public_url: settings.public_url ?? `http://${nameOf(settings.host)}:${settings.port}`,
    ...(settings.mail.smtp_url !== undefined && { smtp_url: settings.mail.smtp_url }),
    smtp_from: settings.mail.from,
    ...(print && { print }),
    starts_per_address: settings.free_starts_per_address,
    log,
    record: (connection, deed) => appendAudit(connection, { at: clock.now(), ...deed }),
  };
}

/** As a browser on this machine writes it. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIPv6(host) ? `[${host}]` : host;
}
