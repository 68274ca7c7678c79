import { assert } from '@purser/core';

import type { Task } from './task.ts';

/** The tasks of a gate, by name. */
export type Tasks = ReadonlyMap<string, Task>;

export function tasksOf(tasks: readonly Task[]): Tasks {
  const byName = new Map<string, Task>();
  for (const task of tasks) {
    assert(!byName.has(task.name), `the task ${task.name} is given twice`);
    byName.set(task.name, task);
  }
  return byName;
}
