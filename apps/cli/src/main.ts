import { redactSecrets } from '@purser/log';

import { buildProgram } from './program.ts';

/** One line about what went wrong, on the error stream, and nothing that looks like a secret in it. */
function line(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return redactSecrets(`purser: ${message.trim()}`);
}

try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  console.error(line(error));
  process.exitCode = 1;
}
