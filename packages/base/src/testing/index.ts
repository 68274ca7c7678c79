export { allMigrations } from './all-migrations.ts';
export { createTestDatabase, type TestDatabase } from './database.ts';
export { Door } from './door.ts';
export { fasterThanLinear, type Growth, growthOf } from './growth.ts';
export { suiteClock } from './suite-clock.ts';
export { dumpSchema } from './schema-dump.ts';
export { HOSTILE_TEXTS } from './hostile-texts.ts';
export { HAS_REDIS_SERVER, OwnRedis } from './own-redis.ts';
export { installedPostgres, OwnPostgres } from './own-postgres.ts';
