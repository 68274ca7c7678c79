import type { TaskDefinition } from '@purser/catalog';
import type { Pool } from '@purser/database';
import type { GateDeps, Task } from '@purser/gate';
import type { Settings } from '@purser/settings';

/** What a task may work with. The gate is made of tasks, so there is none yet. */
export interface TaskParts extends Pick<GateDeps, 'clock' | 'providers'> {
  readonly pool: Pool;
  /** The settings of its module, by their table. */
  readonly settingsOf: Settings['of'];
}

/** A kind of work that models may be bought for, as the catalog knows it, and what the gate runs it by. */
export interface ModuleTask extends TaskDefinition {
  /** Called once, when a server starts; its name is the one that the catalog knows. */
  readonly open: (parts: TaskParts) => Task | Promise<Task>;
}
