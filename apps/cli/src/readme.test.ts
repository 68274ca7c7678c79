import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Command } from 'commander';
import { expect, test } from 'vitest';

import { buildProgram } from './program.ts';

/** Every command that can be run, by the words that are typed. */
function runnable(command: Command, before: readonly string[] = []): string[] {
  return command.commands.flatMap((one) => {
    const typed = [...before, one.name()];
    return one.commands.length === 0 ? [typed.join(' ')] : runnable(one, typed);
  });
}

test('the README lists every command', () => {
  const readme = readFileSync(path.join(import.meta.dirname, '../README.md'), 'utf8');
  const commands = runnable(buildProgram());
  expect(commands.length).toBeGreaterThan(15);
  const listed = (command: string): boolean => {
    const [first = '', second] = command.split(' ');
    return readme
      .split('\n')
      .some((line) => new RegExp(`^\\|[^|]*\`${first}\\b`).test(line) && (second === undefined || line.includes(second)));
  };
  expect(commands.filter((command) => !listed(command))).toEqual([]);
});
