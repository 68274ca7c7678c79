export { catalogExtensions } from './catalog-extensions.ts';
export type { Command, CommandContext, CommandInput, CommandOption } from './command.ts';
export type { Job } from './job.ts';
export type { Module } from './module.ts';
export type { Page } from './page.ts';
export { turnOn } from './turn-on.ts';
