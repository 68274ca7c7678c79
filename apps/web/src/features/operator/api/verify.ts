import type { AuditVerification, LedgerVerification, TrialBalanceRow } from '@purser/api';
import { queryOptions } from '@tanstack/react-query';

import { get } from '../../../api/client.ts';

export const trialBalanceQuery = queryOptions({
  queryKey: ['admin', 'trial-balance'],
  queryFn: ({ signal }) => get<readonly TrialBalanceRow[]>('/api/admin/ledger/trial-balance', { signal }),
});

export const verifyLedger = (): Promise<LedgerVerification> => get<LedgerVerification>('/api/admin/ledger/verify');

export const verifyAudit = (): Promise<AuditVerification> => get<AuditVerification>('/api/admin/audit/verify');
