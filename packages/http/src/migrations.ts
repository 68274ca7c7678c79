import type { SchemaMigrations } from '@purser/database';

/** What was answered under an idempotency key. The schema bears the name it was born with. */
export const httpMigrations: SchemaMigrations = { schema: 'server', directory: new URL('../migrations/', import.meta.url) };
