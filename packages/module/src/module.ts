import type { SchemaMigrations } from '@purser/database';
import type { App } from '@purser/http';

/**
 * What a package brings to an installation: one line in the list of modules (`apps/server/src/modules.ts`) turns it on, and nothing else
 * has to know it. Every member but the name is optional. `Needs` is what its endpoints and jobs take of a server, no more.
 */
export interface Module<in Needs> {
  readonly name: string;
  /** The Postgres schema it owns. */
  readonly migrations?: SchemaMigrations;
  /** Its endpoints. */
  readonly routes?: (app: App, needs: Needs) => void | Promise<void>;
}
