import type { Pool } from '@purser/database';

const CHUNK = 500_000;

/** Adds postings of the past in bulk, two a call, spread over the workspaces as calls would have left them. */
export async function fillLedger(pool: Pool, postings: number, workspaces: number): Promise<void> {
  for (let done = 0; done < postings; done += CHUNK) {
    await pool.query(
      `insert into ledger.posting (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan)
       select ('10000000-0000-7000-8000-' || lpad(to_hex((random() * ($2 - 1))::int), 12, '0'))::uuid,
         timestamptz '2026-10-01' + n * interval '0.2 seconds', gen_random_uuid(),
         case when n % 2 = 0 then 'wallet' else 'cost' end, case when n % 2 = 0 then 'spent' else 'payable:acme' end,
         case when n % 2 = 0 then 2 else 13200000 end, case when n % 2 = 0 then 'credit' else 'USD' end,
         case when n % 2 = 0 then null else 12000000 end, case when n % 2 = 0 then null else 'EUR' end, 'PRO'
       from generate_series($3::int, $3::int + $1 - 1) n`,
      [Math.min(CHUNK, postings - done), workspaces, done],
    );
  }
  await pool.query('vacuum analyze ledger.posting');
}
