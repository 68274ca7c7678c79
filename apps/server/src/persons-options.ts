import { isIPv6 } from 'node:net';

import { appendAudit } from '@purser/audit';
import type { Clock } from '@purser/core';
import type { Settings } from '@purser/settings';
import type { Log } from '@purser/log';
import type { PersonsOptions } from '@purser/identity';
import type { Site } from '@purser/http';

/** How persons sign in to this installation. `print` is there on a local start alone. */
export function personsOptions(
  settings: Settings,
  { clock, log, print }: { clock: Clock; log: Log; print?: (text: string) => void },
): PersonsOptions {
  return {
    public_url: siteOf(settings).origin,
    web_url: settings.web_url,
    ...(settings.mail.smtp_url !== undefined && { smtp_url: settings.mail.smtp_url }),
    smtp_from: settings.mail.from,
    ...(print && { print }),
    starts_per_address: settings.free_starts_per_address,
    log,
    record: (connection, deed) => appendAudit(connection, { at: clock.now(), ...deed }),
  };
}

/** What the world calls this installation; where the operator has not said so, its host and port. */
export function siteOf({ public_url, web_url, host, port }: Settings): Site {
  const origin = new URL(public_url ?? `http://${nameOf(host)}:${port}`).origin;
  return { origin, configured: public_url !== undefined, web_origin: web_url };
}

/** As a browser on this machine writes it. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return isIPv6(host) ? `[${host}]` : host;
}
