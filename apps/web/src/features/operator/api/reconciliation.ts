import { upload } from '../../../api/client.ts';

export interface ReconcileForm {
  readonly provider: string;
  readonly from: string;
  readonly to: string;
  readonly file: File;
}

export interface ReconciledLine {
  readonly day: string;
  readonly model: string;
  readonly unit: string;
  readonly attempts: number | string;
  readonly booked: string;
  readonly posted_before: string;
  readonly resolved: string;
  readonly billed: string;
  readonly difference: string;
}

export interface Reconciled {
  readonly outcome: 'compared' | 'posted' | 'known';
  readonly import_id: string;
  readonly resolved: number;
  readonly unresolved_left: number;
  readonly lines: readonly ReconciledLine[];
}

/** Sends an export; it is compared, and with `post` what differs is written. */
export function reconcile({ provider, from, to, file }: ReconcileForm, post: boolean): Promise<Reconciled> {
  const query = new URLSearchParams({ provider, from, to, post: post ? '1' : '0' });
  return upload<Reconciled>(`/api/admin/reconciliation?${query.toString()}`, file, 'text/csv');
}
