import { currency, formatMoney, money } from '@purser/money';

const METERS: Readonly<Record<string, string>> = {
  budget: 'the shared monthly budget',
  cost: 'the cost ceiling',
  credits: 'the credits',
  emails: 'the emails',
  jobs: 'the calls',
  tokens: 'the tokens',
};

/** How a meter is called in a sentence. */
export function meterName(key: string): string {
  const [, whose, name] = /^credits:(member|team):(.+)$/s.exec(key) ?? [];
  if (whose !== undefined) return `the credits of ${whose} ${name}`;
  return METERS[key] ?? `the quota “${key}”`;
}

/** An amount as people read it: money with its currency, anything else with its unit. */
export function inUnit(amount: bigint, unit: string): string {
  if (/^[A-Z]{3}$/.test(unit)) return formatMoney(money(amount, currency(unit)));
  return `${amount} ${unit}${amount === 1n ? '' : 's'}`;
}
