import { readFileSync } from 'node:fs';

import { inject } from 'vitest';

import type { RunningServer } from './server.ts';

/** The server that journeys share which want nothing of their own: no settings, and no installation that is theirs alone. */
export function sharedServer(): Omit<RunningServer, 'stop'> & { readonly app_origin: string } {
  const { output_file, ...shared } = inject('server');
  return { ...shared, printed: () => readFileSync(output_file, 'utf8') };
}
