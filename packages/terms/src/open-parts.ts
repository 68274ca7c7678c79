import type { WorkspaceId } from '@purser/core';
import { type Connection, derivedId } from '@purser/database';
import { endGrants, type GrantId, grantMany, lockGrants, type NewGrant, takeBack } from '@purser/meters';

import { bookDue } from './book.ts';
import { knownMonths, knownParts, lockTerms, type MonthRow, type PartRow } from './known.ts';
import { monthName, partName } from './reconcile.ts';

/**
 * How long what is left of the last month that was paid for may still be spent, while the next is being collected: a provider finalises an
 * invoice about an hour after the period's end, and a bank takes days.
 */
export const GAP_HOURS = 14 * 24;

/** Begins what is due of these workspaces, in the caller's transaction and once: money becomes revenue, and credits are granted. */
export async function openTerms(tx: Connection, now: Temporal.Instant, workspaces: readonly WorkspaceId[]): Promise<void> {
  if (workspaces.length === 0) return;
  const { rows } = await tx.query<{ workspace_id: WorkspaceId }>(
    `select distinct workspace_id from terms.part where workspace_id = any ($1::uuid[]) and due_at <= $2 and not opened order by workspace_id`,
    [workspaces, now.toString()],
  );
  for (const { workspace_id } of rows) {
    await lockTerms(tx, workspace_id);
    const known = { months: await knownMonths(tx, workspace_id, 'open'), parts: await knownParts(tx, workspace_id, 'open') };
    const { opened } = await settleParts(tx, now, workspace_id, known);
    await bookDue(tx, now, workspace_id, opened);
  }
}

export interface SettledParts {
  /** Invoices of which a part has come to be due. */
  readonly opened: readonly string[];
  /** Names of the parts that were opened now. */
  readonly parts: ReadonlySet<string>;
}

/**
 * Brings the credits of a workspace's parts to what they are to be. `months` (in the order of time) and `parts` are what is written of it and
 * not closed; the caller has its lock.
 */
export async function settleParts(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  { months, parts }: { readonly months: readonly MonthRow[]; readonly parts: readonly PartRow[] },
  until: Temporal.Instant = now,
): Promise<SettledParts> {
  const current = months.findLast(({ from }) => Temporal.Instant.compare(from, until) <= 0) ?? months[0];
  const by_name = new Map(months.map((month) => [monthName(month), month]));
  const opening: PartRow[] = [];
  await lapseBefore(tx, now, workspace, months, current);
  for (const part of parts) {
    const month = by_name.get(monthName(part));
    const due = Temporal.Instant.compare(part.due_at, until) <= 0;
    if (due && !part.opened) opening.push(part);
    if (!due && !part.opened) continue;
    const has = part.granted - part.taken;
    if (part.credits < has) await takeFrom(tx, now, workspace, part, has - part.credits);
    // What was not granted while its month was served is not granted any more.
    if (part.credits > has && month && current && monthName(month) === monthName(current))
      await grant(tx, now, workspace, part, month, months);
  }
  if (opening.length > 0) {
    await tx.query(
      `update terms.part t set opened = true from unnest($2::text[], $3::int[]) p (invoice, ordinal)
       where t.workspace_id = $1 and t.invoice = p.invoice and t.ordinal = p.ordinal`,
      [workspace, opening.map(({ invoice }) => invoice), opening.map(({ ordinal }) => ordinal)],
    );
  }
  return { opened: [...new Set(opening.map(({ invoice }) => invoice))], parts: new Set(opening.map(partName)) };
}

/** The monthly credits of earlier months end when another has begun; what rolls over has grants of its own. */
async function lapseBefore(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  months: readonly MonthRow[],
  current: MonthRow | undefined,
): Promise<void> {
  const over = months.filter(
    (month) => current && !month.lapsed && month !== current && Temporal.Instant.compare(month.from, current.from) <= 0,
  );
  if (over.length === 0) return;
  const { rows } = await tx.query<{ grant_id: string }>(
    `select g.grant_id from terms.part_grant g join terms.part p using (workspace_id, invoice, ordinal)
     join unnest($2::text[], $3::int[]) m (term, month) on p.term = m.term and p.month = m.month where workspace_id = $1 and monthly`,
    [workspace, over.map(({ term }) => term), over.map(({ month }) => month)],
  );
  await endGrants(
    tx,
    now,
    workspace,
    rows.map(({ grant_id }) => grant_id),
  );
  await tx.query(
    `update terms.month t set lapsed = true from unnest($2::text[], $3::int[]) m (term, month)
     where t.workspace_id = $1 and t.term = m.term and t.month = m.month`,
    [workspace, over.map(({ term }) => term), over.map(({ month }) => month)],
  );
}

/** What rolls over lives longer and so burns last: what is left of it when the month ends is what may roll, and nothing is carried by anyone. */
async function grant(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  part: PartRow,
  month: MonthRow,
  months: readonly MonthRow[],
): Promise<void> {
  const has = part.granted - part.taken;
  const missing = part.credits - has;
  const rolling = part.rolling_until === null || has > 0n ? 0n : part.rolling;
  const followed = months.some(({ from }) => Temporal.Instant.compare(from, month.from) > 0);
  const monthly_until = followed || month.kind === 'trial' ? month.to : month.to.add({ hours: GAP_HOURS });
  const made = [
    { what: 'monthly', credits: missing - rolling, expires_at: monthly_until, monthly: true },
    { what: 'rolling', credits: rolling, expires_at: part.rolling_until, monthly: false },
  ].filter(({ credits }) => credits > 0n);
  const grants = made.map(({ what, credits, expires_at }): NewGrant => ({
    id: grantId(workspace, part, what),
    workspace,
    source: 'monthly',
    credits,
    expires_at,
    reason: `monthly credits of ${month.plan}`,
  }));
  await grantMany(tx, now, grants);
  await tx.query(
    `insert into terms.part_grant (workspace_id, grant_id, invoice, ordinal, monthly)
     select $1, g, $3, $4, m from unnest($2::uuid[], $5::boolean[]) u (g, m) on conflict do nothing`,
    [workspace, grants.map(({ id }) => id), part.invoice, part.ordinal, made.map(({ monthly }) => monthly)],
  );
  await tx.query(
    'update terms.part set granted = granted + $4, steps = steps + 1 where workspace_id = $1 and invoice = $2 and ordinal = $3',
    [workspace, part.invoice, part.ordinal, missing],
  );
}

/** Money that went back takes the credits that are free; what was spent or is held stays where it is. */
async function takeFrom(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  part: PartRow,
  credits: bigint,
): Promise<void> {
  const { rows } = await tx.query<{ grant_id: GrantId }>(
    'select grant_id from terms.part_grant where workspace_id = $1 and invoice = $2 and ordinal = $3 order by grant_id',
    [workspace, part.invoice, part.ordinal],
  );
  await lockGrants(tx, now, workspace, []);
  let left = credits;
  for (const { grant_id } of rows) {
    if (left === 0n) break;
    left -= await takeBack(tx, now, { workspace, grant: grant_id, credits: left, reason: `taken back: stripe:${part.invoice}` });
  }
  if (left === credits) return;
  await tx.query('update terms.part set taken = taken + $4 where workspace_id = $1 and invoice = $2 and ordinal = $3', [
    workspace,
    part.invoice,
    part.ordinal,
    credits - left,
  ]);
}

/** The same for every server that opens this part. */
function grantId(workspace: WorkspaceId, part: PartRow, what: string): GrantId {
  return derivedId<'grant'>(what, workspace, partName(part), String(part.steps));
}
