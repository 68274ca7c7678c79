import type { Connection, Pool } from '@purser/database';

import { type MarginLine, toLine } from './margin-line.ts';
import { marginLines, NO_PLAN } from './margin-report.ts';
import { wholeDays } from './margin-span.ts';
import { onSnapshot } from './snapshot.ts';

/** The key of what belongs to no model: unresolved cost, and the revenue of plans under which nothing was spent. */
const NO_MODEL = 'none';

const MODELS = `
  select coalesce(plan, '${NO_PLAN}') as plan, coalesce(provider || '/' || model, '${NO_MODEL}') as model, unit,
    sum(cost)::text as cost, sum(spent)::text as spent
  from (
    select plan, provider, model, unit, cost, spent from ledger.rollup_model_daily where day >= $1::date and day < $2::date
    union all
    select plan, provider, model, unit, cost, spent from ledger.model_lines((select xid from ledger.rollup_position where name = 'model'), 9223372036854775807)
    where day >= $1::date and day < $2::date) line
  group by 1, 2, 3 having sum(cost) <> 0 or sum(spent) <> 0
  order by 1, 2, 3`;

interface ModelSums {
  readonly plan: string;
  readonly model: string;
  readonly unit: string;
  readonly cost: string;
  readonly spent: string;
}

/**
 * What each model (`provider/model`) cost and earned on the UTC days that [from, to) touches, worst margin first. A model has no
 * revenue of its own: it earns that part of each plan’s revenue, fees less, which the credits charged for it are of all credits
 * charged under that plan. The lines add up to the report by plan, to the nano.
 */
export async function marginByModel(
  pool: Pool,
  { from, to }: { from: Temporal.Instant; to: Temporal.Instant },
): Promise<MarginLine[]> {
  const days = wholeDays(from, to);
  const { plans, sums } = await onSnapshot(pool, 'account', async (connection, rolled) => ({
    plans: await marginLines(connection, rolled, { ...days, by: 'plan' }),
    sums: await modelSums(connection, days),
  }));
  const lines = new Map<string, { key: string; unit: string; revenue: bigint; fees: bigint; cost: bigint }>();
  const line = (key: string, unit: string) => {
    const found = lines.get(`${key} ${unit}`) ?? { key, unit, revenue: 0n, fees: 0n, cost: 0n };
    lines.set(`${key} ${unit}`, found);
    return found;
  };
  for (const { model, unit, cost } of sums) if (unit !== 'credit') line(model, unit).cost += BigInt(cost);
  for (const { key: plan, revenue, fees } of plans) {
    const spenders = sums.filter((one) => one.plan === plan && one.unit === 'credit' && BigInt(one.spent) > 0n);
    const shares = share([revenue.nanos, fees.nanos], spenders);
    for (const { model, parts } of shares) {
      const [earned = 0n, paid = 0n] = parts;
      line(model, revenue.currency).revenue += earned;
      line(model, revenue.currency).fees += paid;
    }
  }
  return [...lines.values()]
    .filter(({ revenue, fees, cost }) => revenue !== 0n || fees !== 0n || cost !== 0n)
    .map(({ key, unit, revenue, fees, cost }) =>
      toLine({ key, unit, revenue: revenue.toString(), fees: fees.toString(), cost: cost.toString() }),
    )
    .toSorted((a, b) => (a.margin.nanos < b.margin.nanos ? -1 : a.margin.nanos > b.margin.nanos ? 1 : 0));
}

async function modelSums(
  connection: Connection,
  { from, to }: { from: Temporal.Instant; to: Temporal.Instant },
): Promise<ModelSums[]> {
  const day = (at: Temporal.Instant): string => at.toZonedDateTimeISO('UTC').toPlainDate().toString();
  const { rows } = await connection.query<ModelSums>(MODELS, [day(from), day(to)]);
  return rows;
}

/** Amounts in proportion to the credits charged; the last takes what the division leaves over. Nobody charged: no model's. */
function share(
  amounts: readonly bigint[],
  spenders: readonly ModelSums[],
): { readonly model: string; readonly parts: readonly bigint[] }[] {
  if (spenders.length === 0) return [{ model: NO_MODEL, parts: amounts }];
  const total = spenders.reduce((sum, { spent }) => sum + BigInt(spent), 0n);
  const left = [...amounts];
  return spenders.map(({ model, spent }, index) => {
    const parts = amounts.map((amount, which) => {
      const unspent = left[which] ?? 0n;
      const part = index === spenders.length - 1 ? unspent : (amount * BigInt(spent)) / total;
      left[which] = unspent - part;
      return part;
    });
    return { model, parts };
  });
}
