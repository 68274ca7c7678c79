/**
 * Every table, and what of persons lies in it. A test compares it with the schema: a text column that nobody has thought about fails,
 * so nothing new is stored without saying why, how long, and what an erasure does with it.
 */
export interface TableInventory {
  readonly table: string;
  /** What lies there, and what for. */
  readonly holds: string;
  readonly kept: string;
  readonly erasure: string;
  /** Columns of text by what they can hold: words and ids of ours or of services; what is about a person; what was asked and answered; secrets. */
  readonly codes?: string;
  readonly personal?: string;
  readonly content?: string;
  readonly secrets?: string;
  /** How the table goes into the export of a workspace, whose rows it has: its file. */
  readonly file?: string;
  /** Columns that show cost without saying so by their name; `*`: all of it does. Left out where customers see credits. */
  readonly cost?: string;
  /** In what order its rows are read, where that is not its primary key. */
  readonly key?: string;
}

export const BOOKS = 'For ever: the books, and the law on them.';
export const WORKSPACE = 'As long as the workspace.';
export const OPERATION = 'As long as the installation; nothing of a person.';
export const STAYS = 'Stays: ids, amounts and times.';
export const GOES = 'Deleted.';
