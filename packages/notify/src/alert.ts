import type { Id, WorkspaceId } from '@purser/core';

export type AlertId = Id<'alert'>;

/**
 * - `threshold`: a meter passed a share of its cap.
 * - `anomaly`: an hour cost far more than the hours before it.
 * - `fraud`: more credits in an hour than the plan takes for honest.
 * - `license`: a payment changed what may be used.
 * - `overrun`: a call cost more than was held for it.
 * - `unreconciled`: nobody knows what a call cost.
 * - `missing`: the database was put back to an older state, and entries of the books are gone.
 * - `overrides`: what was agreed with a workspace is lowered, because its plan does not pay for it.
 * - `provider`: one fails, refuses our key, or too much with it is unresolved; it is not called for a while.
 * - `payment`: a workspace's payments need a person.
 */
export const ALERT_KINDS = [
  'threshold',
  'anomaly',
  'fraud',
  'license',
  'overrun',
  'unreconciled',
  'missing',
  'provider',
  'payment',
  'overrides',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What the customer may see of its own workspace; the rest is between the operator and the providers. */
const FOR_WORKSPACE: Readonly<Record<AlertKind, boolean>> = {
  threshold: true,
  anomaly: true,
  fraud: false,
  license: true,
  overrun: false,
  unreconciled: false,
  missing: false,
  provider: false,
  payment: false,
  overrides: false,
};

export function isForWorkspace(kind: AlertKind): boolean {
  return FOR_WORKSPACE[kind];
}

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
