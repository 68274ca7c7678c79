export { checkWrites } from './database/write-check.ts';
export { inBackground } from './background.ts';
export { CharacterTable } from './character-table.ts';
export { BoundedMap } from './bounded-map.ts';
export { backUp, type Moved, restoreBackup } from './database/backup.ts';
export { BatchLoader } from './database/batch-loader.ts';
export { type Clock, OffsetClock, systemClock, TestClock } from './clock.ts';
export { DatabaseClock } from './database/database-clock.ts';
export { examineDatabase } from './database/examine.ts';
export {
  baseMigrations,
  migrate,
  type Migration,
  readMigrations,
  type RoomMigrations,
  unknownMigrations,
} from './database/migrate.ts';
export { NoticeListener } from './database/notice-listener.ts';
export {
  type Connection,
  databaseFault,
  isTransientDatabaseError,
  openPool,
  type Pool,
  type Queryable,
} from './database/pool.ts';
export { addressAs, openRoles, type RoleAddresses, SERVING_ROLES, type ServingRole } from './database/roles.ts';
export { keepableJson, keepableText } from './keepable-json.ts';
export { createLog, hideSecrets, type Log } from './log.ts';
export { loadSettings } from './settings/load.ts';
export type { TrustedProxies } from './settings/proxies.ts';
export { parseSettings, type ProviderName, type ProviderSettings, type Settings } from './settings/settings.ts';
export { joinTransaction, transaction, transactionOf, workspaceTransaction } from './database/transaction.ts';
export { type EmbeddedDatabase, makeFolder, scratchDatabase, scratchFolder, startEmbedded } from './embedded/index.ts';
export { assert, BrokenInvariant, Fault, unreachable } from './fault.ts';
export { fileTrouble } from './file-trouble.ts';
export { type HoldId, type Id, isUuid, newId, PLATFORM, type WorkspaceId } from './ids.ts';
export { ownPath } from './own-path.ts';
export { instantText } from './instant-text.ts';
export { isRefusal, type Offer, REFUSALS, type Refusal, type RefusalCode, RefusalError, refuse } from './refusal.ts';
export { wasDemoted } from './redis-demoted.ts';
export { type Repetition, repeat } from './repeat.ts';
export { doneWithin } from './within.ts';
