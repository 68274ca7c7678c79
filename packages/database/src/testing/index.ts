export { allMigrations } from './all-migrations.ts';
export { createTestDatabase, type TestDatabase } from './database.ts';
export { dumpSchema } from './schema-dump.ts';
