import { Fault, RefusalError, systemClock } from '@purser/core';
import { loadSettings } from '@purser/settings';
import { createLog } from '@purser/log';
import { provenCatalog, takeInPayments } from '@purser/server';

import { openDatabase } from '../open-database.ts';

/** Asks Stripe for what it told since an instant, and prints what came of it; exit 1 when something was refused. */
export async function takeIn({ since }: { readonly since: string }): Promise<void> {
  const settings = loadSettings(process.cwd());
  const log = createLog({ level: 'silent' });
  const catalog = await provenCatalog(settings, systemClock.now(), log);
  await using database = await openDatabase(settings);
  const sums = { linked: 0, duplicate: 0, applied: 0, ignored: 0, refused: 0 };
  const refusals: string[] = [];
  const unreleased: string[] = [];
  try {
    // No caller signs in here, so nobody needs to know this token.
    const given = { settings, database_url: database.url, admin_token: crypto.randomUUID(), catalog, log };
    await takeInPayments(given, instantOf(since), (taken) => {
      for (const name of ['linked', 'duplicate', 'applied', 'ignored', 'refused'] as const) sums[name] += taken[name];
      refusals.push(...taken.refusals.map(({ event, type, why }) => `  refused ${event} (${type}): ${why}`));
      unreleased.push(...taken.unreleased.map(({ workspace, why }) => `  workspace ${workspace}: ${why}`));
    });
  } catch (error) {
    if (error instanceof RefusalError) throw new Fault(error.refusal.detail, { retryable: false, cause: error });
    throw error;
  }
  console.log(`${sums.applied} applied, ${sums.duplicate} duplicate, ${sums.ignored} ignored, ${sums.refused} refused`);
  if (sums.linked > 0) console.log(`${sums.linked} customers were linked to their workspaces again`);
  for (const line of refusals) console.log(line);
  if (unreleased.length > 0) console.log('licenses that changed, and that a running server applies by its next sweep:');
  for (const line of unreleased) console.log(line);
  if (sums.refused === 0) return;
  console.log(
    'check each refused event at Stripe, then refund it or give its credits as a gift (docs/operating.md, "After a disaster")',
  );
  process.exitCode = 1;
}

function instantOf(text: string): Temporal.Instant {
  try {
    return Temporal.Instant.from(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  } catch {
    throw new Fault(`--since: want a time such as 2026-11-01T00:00:00Z or a date, got ${text}`, { retryable: false });
  }
}
