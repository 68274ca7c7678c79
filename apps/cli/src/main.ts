import { hideSecrets } from '@purser/base';

import { buildProgram } from './program.ts';

/** One line about what went wrong, on the error stream, and nothing that looks like a secret in it. */
function line(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return hideSecrets(`purser: ${message.trim()}`);
}

try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  console.error(line(error));
  process.exitCode = 1;
}
