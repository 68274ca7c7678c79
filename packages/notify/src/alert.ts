import type { Id, WorkspaceId } from '@purser/core';

import type { AlertKind } from './alert-kinds.ts';

export type AlertId = Id<'alert'>;

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something worth telling. Workspace, kind, subject, window, threshold and level together happen once. */
export interface NewAlert {
  readonly workspace: WorkspaceId;
  readonly kind: AlertKind;
  readonly subject: string;
  readonly window_start: Temporal.Instant;
  /** Of a threshold: its share as a decimal, the amount at which it lies, and where the meter stands. */
  readonly threshold?: string;
  readonly level?: bigint;
  readonly value?: bigint;
  readonly severity: Severity;
  readonly title: string;
  readonly text: string;
  /** On the page, but sent to nobody: a higher threshold of the same meter was passed in the same moment. */
  readonly quiet?: boolean;
}

export interface Alert {
  readonly id: AlertId;
  readonly workspace: WorkspaceId;
  readonly kind: AlertKind;
  readonly subject: string;
  readonly threshold: string;
  readonly severity: Severity;
  readonly title: string;
  readonly text: string;
  readonly raised_at: Temporal.Instant;
  readonly seen_at: Temporal.Instant | null;
  readonly seen_by: string | null;
}

export const ALERT_COLUMNS = `alert_id as id, workspace_id as workspace, kind, subject, threshold, severity, title, text, raised_at, seen_at, seen_by`;

/** The same as the operator sees it, who marks what it has seen apart from the customer. */
export const OPERATOR_ALERT_COLUMNS = ALERT_COLUMNS.replace(
  'seen_at, seen_by',
  'operator_seen_at as seen_at, operator_seen_by as seen_by',
);
