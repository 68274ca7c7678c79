import type { CatalogExtensions } from '@purser/catalog';
import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Settings } from '@purser/settings';

/** What a command is given to work with. */
export interface CommandContext {
  readonly settings: Settings;
  readonly clock: Clock;
  /** The database as the role that owns nothing, opened when it is first asked for, closed when the command has ended. */
  readonly database: () => Promise<Pool>;
  /** What modules add to what a catalog may say. */
  readonly catalog_extensions: CatalogExtensions;
  /** A line for who called. */
  readonly print: (line: string) => void;
  /** Asks at the terminal; empty where nobody is there to type. */
  readonly ask: (question: string) => Promise<string>;
  /** Asks for a yes, unless it was given beforehand. @throws Fault when it is not agreed to. */
  readonly agree: (what: string, beforehand: boolean) => Promise<void>;
}

export interface CommandArgument {
  readonly name: string;
  readonly description: string;
  readonly optional?: true;
}

export interface CommandOption {
  /** As commander reads them: `--days <number>`; the value is found under its name in camelCase. */
  readonly flags: string;
  readonly description: string;
  readonly required?: true;
  readonly default?: string;
}

/** Arguments in their order, options by name; what was not given is undefined. */
export interface CommandInput {
  readonly arguments: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

/** One command of `purser`. */
export interface Command {
  /** `gifts take-back`: the group and its command, or one word. */
  readonly name: string;
  readonly description: string;
  /** What the group is about, where this is its first command. */
  readonly group?: string;
  readonly arguments?: readonly CommandArgument[];
  readonly options?: readonly CommandOption[];
  readonly run: (input: CommandInput, context: CommandContext) => Promise<void>;
}
