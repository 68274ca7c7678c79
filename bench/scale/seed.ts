import { newId, type Pool } from '@purser/database';

const PLANS = [
  ['FREE', 0.6],
  ['PRO', 0.3],
  ['BUSINESS', 0.08],
  ['ENTERPRISE', 0.02],
] as const;
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Bangkok', 'America/New_York'];
const CHUNK = 5_000;

/** So many customers who signed up a month before `now`, and whose next billing period is due. */
export async function seedCustomers(pool: Pool, count: number, catalogue_version: string, now: Temporal.Instant): Promise<void> {
  const anchored = now.toZonedDateTimeISO('UTC').subtract({ months: 1 }).toInstant().toString();
  for (let from = 0; from < count; from += CHUNK) {
    const rows = Array.from({ length: Math.min(CHUNK, count - from) }, (_, index) => from + index);
    const ids = rows.map(() => newId<'workspace'>());
    await pool.query(
      `insert into identity.workspace (workspace_id, name, plan, catalogue_version, timezone, anchored_at, license, license_since, created_at, changed_at)
       select w, 'Customer ' || n, p, $5, z, $6::timestamptz, 'active', $6::timestamptz, $6::timestamptz, $6::timestamptz
       from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[]) u (w, n, p, z)`,
      [ids, rows, rows.map(planOf), rows.map((n) => ZONES[n % ZONES.length]), catalogue_version, anchored],
    );
  }
  await pool.query('vacuum analyze identity.workspace, wallet.refresh');
}

/** The same share of each plan in every hundred. */
function planOf(n: number): string {
  let left = (n % 100) / 100;
  for (const [plan, share] of PLANS) {
    if (left < share - 1e-9) return plan;
    left -= share;
  }
  return 'FREE';
}
