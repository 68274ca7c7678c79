import { assert } from '@purser/core';
import type { Task } from '@purser/gate';

import type { Module } from './module.ts';
import type { TaskParts } from './task.ts';

/** What modules bring for `createGate({ tasks })`. @throws BrokenInvariant when a task has another name than the catalog knows it by. */
export async function openTasks(modules: readonly Module[], parts: TaskParts): Promise<Task[]> {
  return Promise.all(
    modules.flatMap(({ tasks = [] }) =>
      tasks.map(async ({ name, open }) => {
        const task = await open(parts);
        assert(task.name === name, `the task ${name} of the manifest calls itself ${task.name}`);
        return task;
      }),
    ),
  );
}
