import { createHash } from 'node:crypto';

import { PLATFORM } from '@purser/core';
import { type Connection, newId } from '@purser/database';

import type { AlertId, NewAlert } from './alert.ts';
import { isForWorkspace } from './alert-kinds.ts';

/*
 * A row that is there says that this was told; a row of the same threshold whose value lay above the new level was told of a
 * higher fill, so only what lies beyond it is a new crossing.
 */
const INSERT = `
  insert into notify.alert (workspace_id, alert_id, kind, subject, window_start, threshold, level, value, severity, title, text, for_workspace, raised_at)
  select a.workspace_id, a.alert_id, a.kind, a.subject, a.window_start, a.threshold, a.level, a.value, a.severity, a.title, a.text, a.for_workspace, $1
  from jsonb_to_recordset($2) a (workspace_id uuid, alert_id uuid, kind text, subject text, window_start timestamptz, threshold text,
    level bigint, value bigint, severity text, title text, text text, for_workspace boolean)
  where a.kind <> 'threshold' or not exists (
    select 1 from notify.alert b where b.workspace_id = a.workspace_id and b.kind = a.kind and b.subject = a.subject
      and b.window_start = a.window_start and b.threshold = a.threshold and b.value >= a.level)
  on conflict on constraint once do nothing
  returning alert_id as id`;

/** The workspace's own channels when it may see the alert, and the operator's. */
const DELIVER = `
  insert into notify.delivery (workspace_id, channel_id, alert_id)
  select c.workspace_id, c.channel_id, a.alert_id
  from notify.alert a join notify.channel c on (c.workspace_id = a.workspace_id and a.for_workspace) or c.workspace_id = '${PLATFORM}'
  where a.alert_id = any ($1::uuid[]) and c.removed_at is null and (c.kinds is null or a.kind = any (c.kinds))
  on conflict do nothing`;

const SUBJECT_MAX = 200;
const TITLE_MAX = 200;
const TEXT_MAX = 2_000;

/** Names that others chose may be of any length: none may keep a step, and all who come after it, from being written. */
function shortened(text: string, characters_max: number): string {
  if (text.length <= characters_max) return text.toWellFormed();
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return `${text.slice(0, characters_max - 20).toWellFormed()}… ${digest}`;
}

/** A subject as its row keeps it. */
export function shortSubject(subject: string): string {
  return shortened(subject, SUBJECT_MAX);
}

/**
 * Raises what has not been raised before, in the caller's transaction, and puts it in the way of everybody who wants to be told.
 * Returns how many were new.
 */
export async function raise(connection: Connection, now: Temporal.Instant, alerts: readonly NewAlert[]): Promise<number> {
  if (alerts.length === 0) return 0;
  const rows = alerts.map((alert) => ({ ...alert, id: newId<'alert'>() }));
  const inserted = await connection.query<{ id: AlertId }>(INSERT, [
    now.toString(),
    JSON.stringify(
      rows.map(({ id, workspace, window_start, threshold = '', level = 0n, value = 0n, ...alert }) => ({
        workspace_id: workspace,
        alert_id: id,
        kind: alert.kind,
        subject: shortSubject(alert.subject),
        window_start: window_start.toString(),
        threshold,
        level: level.toString(),
        value: value.toString(),
        severity: alert.severity,
        title: shortened(alert.title, TITLE_MAX),
        text: shortened(alert.text, TEXT_MAX),
        for_workspace: isForWorkspace(alert.kind),
      })),
    ),
  ]);
  const quiet = new Set(rows.filter((row) => row.quiet === true).map((row) => row.id));
  const told = inserted.rows.map(({ id }) => id).filter((id) => !quiet.has(id));
  if (told.length > 0) await connection.query(DELIVER, [told]);
  return inserted.rows.length;
}
