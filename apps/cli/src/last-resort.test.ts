import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { expect, test } from 'vitest';

function run(what: string): { status: number | null; stdout: string } {
  const fixture = path.join(import.meta.dirname, 'last-resort.fixture.ts');
  return spawnSync(process.execPath, [fixture, what], { encoding: 'utf8', timeout: 20_000 });
}

test('a rejection that nobody heard of is logged and counted, and the process goes on', () => {
  const { status, stdout } = run('rejection');
  expect(stdout).toContain('nobody waits for this');
  expect(stdout).toContain('counted unheard');
  expect(stdout).toContain('ended because of it was time');
  expect(status).toBe(0);
});

test('uncaught exception is logged and counted, and ends the process in order, with exit code 1', () => {
  const { status, stdout } = run('exception');
  expect(stdout).toContain('nobody catches this');
  expect(stdout).toContain('counted uncaught');
  expect(stdout).toContain('ended because of an uncaught exception');
  expect(status).toBe(1);
});
