export { catalogExtensions } from './catalog-extensions.ts';
export type { Command, CommandContext, CommandInput, CommandOption } from './command.ts';
export type { BackgroundWork } from './background-work.ts';
export type { Module } from './module.ts';
export { openTasks } from './open-tasks.ts';
export type { Page } from './page.ts';
export type { ModuleTask, TaskParts } from './task.ts';
export { turnOn } from './turn-on.ts';
