import { post } from '../../../api/client.ts';
import type { Money } from '../../../words/amount.ts';

/** A call that a provider may have billed, while nobody knows. */
export interface UnresolvedCall {
  readonly transaction_id: string;
  readonly workspace_id: string;
  readonly provider: string;
  readonly model: string | null;
  readonly cause: string;
  readonly counted: boolean;
  readonly since: string;
  readonly cost: Money;
}

export interface UnresolvedPage {
  readonly unresolved: readonly UnresolvedCall[];
  readonly next_cursor: string | null;
}

export interface Resolution {
  readonly transaction_ids: readonly string[];
  readonly verdict: 'billed' | 'not_billed';
  readonly reason: string;
}

export const resolveCalls = (resolution: Resolution): Promise<{ resolved: number }> =>
  post<{ resolved: number }>('/api/admin/unresolved/resolve', resolution);
