import type { CatalogExtensions } from '@purser/catalog';
import type { ModuleRefusals } from '@purser/core';
import type { SchemaMigrations } from '@purser/database';
import type { App } from '@purser/http';
import type { JobKind } from '@purser/jobs';
import type { AlertKindDefinition, AlertSource } from '@purser/notify';
import type { SettingsTable } from '@purser/settings';

import type { BackgroundWork } from './background-work.ts';
import type { Command } from './command.ts';
import type { Page } from './page.ts';
import type { ModuleTask } from './task.ts';

/**
 * What a package brings to an installation: one line in the list of modules (`apps/server/src/modules.ts`) turns it on, and nothing else
 * has to know it. Every member but the name is optional. `Needs` is what its endpoints and jobs take of a server, no more.
 *
 * A manifest is read by the command line too, before it knows which command runs: it is an entry point of its own (`@purser/…/module`)
 * that loads nothing but itself; endpoints, jobs and commands import their code when they run.
 */
export interface Module<in Needs = never> {
  /** In snake_case, as its package. */
  readonly name: string;
  /** The Postgres schema it owns. */
  readonly migrations?: SchemaMigrations;
  /** Names in the environment, made by `defineSettings`; `settingsOf(table)` of the server hands out their values. */
  readonly settings?: SettingsTable;
  /** Codes it refuses with, made by `defineRefusals`. */
  readonly refusals?: ModuleRefusals;
  /** Kinds of alerts it raises. */
  readonly alert_kinds?: readonly AlertKindDefinition[];
  /** Rows it writes that are told as alerts, loaded when alerts are looked for. */
  readonly alert_sources?: () => Promise<readonly AlertSource[]>;
  /** Quotas that plans may set. */
  readonly quotas?: CatalogExtensions['quotas'];
  /** Kinds of work that models may be bought for, and what the gate runs them by. */
  readonly tasks?: readonly ModuleTask[];
  /** Its endpoints; each says who may use it. */
  readonly routes?: (app: App, needs: Needs) => void | Promise<void>;
  /** What it does again and again on every server. */
  readonly background?: readonly BackgroundWork<Needs>[];
  /** Kinds of jobs, made by `defineJob`, that its endpoints put in and workers do. */
  readonly jobs?: readonly JobKind<Needs>[];
  /** What `purser` can be asked for. */
  readonly commands?: readonly Command[];
  /** Its pages in the web client. */
  readonly pages?: readonly Page[];
}
