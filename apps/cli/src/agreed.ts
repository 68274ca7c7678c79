import { createInterface } from 'node:readline/promises';

import { Fault } from '@purser/core';

/** Asks on the terminal and waits for a line; where nobody is there to type, the input ends and the answer is empty. */
export async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}

/**
 * Goes on only when the person at the terminal agrees to what follows, or said `--yes` before.
 * @throws Fault when it is not agreed to; nothing was done then.
 */
export async function agreed(consequence: string, yes: boolean | undefined): Promise<void> {
  if (yes === true) return;
  const answer = await ask(`${consequence}\nContinue? Type yes: `);
  if (answer.trim().toLowerCase() === 'yes') return;
  throw new Fault('not confirmed, so nothing was done (type yes; a script passes --yes)', { retryable: false });
}
