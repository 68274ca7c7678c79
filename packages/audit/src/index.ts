import type { SchemaMigrations } from '@purser/database';

export { adoptRestoredDatabase } from './adopt-restored.ts';
export { appendAudit, appendAudits, type AuditEvent, type Json } from './append-audit.ts';
export type { Head } from './block.ts';
export type { Break } from './chain.ts';
export { entriesAfter } from './entries-after.ts';
export type { Entry } from './entry.ts';
export { exportAudit } from './export-audit.ts';
export { type Evidence, findTransaction, type TransactionHistory } from './find-transaction.ts';
export { formatHead, parseHead } from './head-text.ts';
export { listAudit } from './list-audit.ts';
export { readMarks } from './marks/mark-file.ts';
export { describeMissing, findMissing, type Missing, missingAfter, recordedMissing } from './marks/missing.ts';
export { type MarkPlaces, reportMissing, watchMarks } from './marks/watch-marks.ts';
export { redact, type RedactionRequest } from './redact.ts';
export { seal, type Sealed } from './seal.ts';
export { startSealer } from './start-sealer.ts';
export { type AuditVerification, verifyAudit } from './verify-audit.ts';
export { type ExportVerification, verifyExport } from './verify-export.ts';

export const auditMigrations: SchemaMigrations = { schema: 'audit', directory: new URL('../migrations/', import.meta.url) };
