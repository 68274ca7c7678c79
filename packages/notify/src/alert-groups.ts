import { isUuid, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, type Pool, type Queryable, workspaceTransaction } from '@purser/database';

import type { Severity } from './alert.ts';
import type { AlertKind } from './alert-kinds.ts';

/** Alerts of one workspace about one thing, told as one: the thresholds that a meter passed, the hours that cost too much. */
export interface AlertGroup {
  readonly workspace: WorkspaceId;
  readonly kind: AlertKind;
  readonly subject: string;
  readonly alerts: number;
  /** The worst among them. */
  readonly severity: Severity;
  readonly newest: string;
  /** Of the worst among them, the newest of these. */
  readonly title: string;
  readonly text: string;
  readonly raised_at: Temporal.Instant;
  readonly first_raised_at: Temporal.Instant;
  /** Of the same one; null: new. */
  readonly seen_at: Temporal.Instant | null;
  readonly seen_by: string | null;
}

export interface AlertGroupSearch {
  readonly unseen?: boolean | undefined;
  readonly kind?: AlertKind | undefined;
  readonly severity?: Severity | undefined;
  readonly cursor?: string | null | undefined;
  readonly limit?: number | undefined;
}

export interface AlertGroupPage {
  /** That with the newest alert first. */
  readonly groups: readonly AlertGroup[];
  readonly next_cursor: string | null;
}

/** Who reads: a customer its own, or the operator everybody's; each has a mark of its own for what it has seen. */
export type AlertReader =
  | { readonly operator: true; readonly workspace: WorkspaceId | null }
  | { readonly operator: false; readonly workspace: WorkspaceId };

const LIMIT = 50;
const LIMIT_MAX = 200;
/** Groups are made of so many of the newest alerts at once: the next page goes on with the ones before them. */
const ALERTS_READ_MAX = 2_000;
/** A mark touches at most so many rows; what is left is marked by the next one. */
const MARKED_MAX = 5_000;

const RANK = `case severity when 'critical' then 3 when 'warning' then 2 else 1 end`;

const prefixOf = ({ operator }: AlertReader): string => (operator ? 'operator_' : '');

/** Row-level security binds a customer's reading; an operator names a workspace or reads all. */
function reading<T>(pool: Pool, reader: AlertReader, read: (tx: Queryable) => Promise<T>): Promise<T> {
  return reader.operator ? read(pool) : workspaceTransaction(pool, reader.workspace, read);
}

/** Alerts by workspace, kind and subject; what a page before has told of is not told again. Refuses a cursor that is not one of ours as `invalid_request`. */
export async function alertGroups(pool: Pool, reader: AlertReader, search: AlertGroupSearch): Promise<AlertGroupPage | Refusal> {
  const before = search.cursor ?? null;
  if (before !== null && !isUuid(before))
    return refuse('invalid_request', 'the cursor is not valid; want `next_cursor` of the page before');
  const size = Math.min(LIMIT_MAX, Math.max(1, search.limit ?? LIMIT));
  const seen = prefixOf(reader);
  const { rows } = await reading(pool, reader, (on) =>
    on.query<AlertGroup & { readonly oldest: string; readonly read: number }>(
      `with newest as materialized (
         select * from notify.alert
         where ($1::uuid is null or workspace_id = $1) and ($2::uuid is null or alert_id < $2) and ($3::text is null or kind = $3)
           and ($4::text is null or severity = $4) and (not $5 or ${seen}seen_at is null)
           and ($2::uuid is null or not exists (
             select from notify.alert told where told.workspace_id = alert.workspace_id and told.kind = alert.kind
               and told.subject = alert.subject and told.alert_id >= $2
               and ($4::text is null or told.severity = $4) and (not $5 or told.${seen}seen_at is null)))
         order by alert_id desc limit ${ALERTS_READ_MAX}
       ), ranked as (
         select *, row_number() over (partition by workspace_id, kind, subject order by ${RANK} desc, alert_id desc) as place,
           max(alert_id::text) over same as newest,
           count(*) over same as alerts, max(${RANK}) over same as worst, min(raised_at) over same as first_raised_at
         from newest window same as (partition by workspace_id, kind, subject)
       )
       select workspace_id as workspace, kind, subject, alerts::integer as alerts,
         case worst when 3 then 'critical' when 2 then 'warning' else 'info' end as severity,
         newest, title, text, raised_at, first_raised_at, ${seen}seen_at as seen_at, ${seen}seen_by as seen_by,
         (select min(alert_id::text) from newest) as oldest, (select count(*)::integer from newest) as read
       from ranked where place = 1 order by newest desc limit $6`,
      [reader.workspace, before, search.kind ?? null, search.severity ?? null, search.unseen === true, size + 1],
    ),
  );
  const groups = rows.slice(0, size);
  const [first] = rows;
  if (rows.length > size) return { groups, next_cursor: groups.at(-1)?.newest ?? null };
  return { groups, next_cursor: first !== undefined && first.read === ALERTS_READ_MAX ? first.oldest : null };
}

export interface AlertCount {
  /** Counted to a thousand; more are said to be a thousand. */
  readonly unseen: number;
  readonly critical: number;
}

const COUNTED_MAX = 1_000;

/** How many nobody has marked yet: the badge. */
export async function countUnseen(pool: Pool, reader: AlertReader): Promise<AlertCount> {
  const { rows } = await reading(pool, reader, (on) =>
    on.query<AlertCount>(
      `select count(*)::integer as unseen, (count(*) filter (where severity = 'critical'))::integer as critical
       from (select severity from notify.alert where ($1::uuid is null or workspace_id = $1) and ${prefixOf(reader)}seen_at is null
             limit ${COUNTED_MAX}) counted`,
      [reader.workspace],
    ),
  );
  return rows[0] ?? { unseen: 0, critical: 0 };
}

export interface AlertsToMark {
  /** Up to this one: what was raised after the reader looked stays new. */
  readonly through: string;
  readonly kind?: AlertKind | undefined;
  readonly subject?: string | undefined;
  readonly severity?: Severity | undefined;
}

/**
 * Marks many as seen, in the caller's transaction (a customer's is a `workspaceTransaction`), and says how many; when that is 5,000 there
 * may be more. Who saw one first stays.
 */
export async function markManySeen(
  connection: Connection,
  reader: AlertReader,
  { through, kind, subject, severity }: AlertsToMark,
  { by, now }: { readonly by: string; readonly now: Temporal.Instant },
): Promise<number> {
  const seen = prefixOf(reader);
  const { rowCount } = await connection.query(
    `update notify.alert set ${seen}seen_at = $6, ${seen}seen_by = $7
       where alert_id = any (array(
         select alert_id from notify.alert
         where ${seen}seen_at is null and alert_id <= $1::uuid and ($2::text is null or kind = $2) and ($3::text is null or subject = $3)
           and ($4::text is null or severity = $4) and ($5::uuid is null or workspace_id = $5)
         order by alert_id desc limit ${MARKED_MAX}))`,
    [through, kind ?? null, subject ?? null, severity ?? null, reader.workspace, now.toString(), by],
  );
  return rowCount ?? 0;
}
