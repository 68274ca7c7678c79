export { catalogExtensions } from './catalog-extensions.ts';
export type { Command, CommandContext, CommandInput, CommandOption } from './command.ts';
export type { BackgroundWork } from './background-work.ts';
export type { Module } from './module.ts';
export type { Page } from './page.ts';
export { turnOn } from './turn-on.ts';
