import { assert, registerRefusals } from '@purser/core';
import { registerAlertKinds } from '@purser/notify';

import type { Module } from './module.ts';

/**
 * Makes known what the whole process has to know of modules: their codes of refusals and kinds of alerts. Again it changes nothing.
 * @throws BrokenInvariant when two claim the same.
 */
export function turnOn(modules: readonly Module[]): void {
  assertOnce(
    'module',
    modules.map(({ name }) => name),
  );
  assertOnce(
    'schema',
    modules.flatMap(({ migrations }) => migrations?.schema ?? []),
  );
  assertOnce(
    'page',
    modules.flatMap(({ pages = [] }) => pages.map(({ path }) => path)),
  );
  assertOnce(
    'command',
    modules.flatMap(({ commands = [] }) => commands.map(({ name }) => name)),
  );
  assertOnce(
    'background work',
    modules.flatMap(({ background = [] }) => background.map(({ name }) => name)),
  );
  assertOnce(
    'kind of job',
    modules.flatMap(({ jobs = [] }) => jobs.map(({ kind }) => kind)),
  );
  assertOnce(
    'task',
    modules.flatMap(({ tasks = [] }) => tasks.map(({ name }) => name)),
  );
  for (const { refusals, alert_kinds } of modules) {
    if (refusals !== undefined) registerRefusals(refusals);
    if (alert_kinds !== undefined) registerAlertKinds(alert_kinds);
  }
}

function assertOnce(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  assert(twice === undefined, `the ${what} ${twice} belongs to two modules`);
}
