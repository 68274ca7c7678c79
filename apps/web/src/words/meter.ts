import { add, compare, decimalOf, formatCount, formatMoney, share, subtract, type Money, type Quantity } from './amount.ts';
import { named, t } from './translate.ts';

/** How full a meter is, in exact decimals for words and in shares (0 … 1) for a bar's width. */
export interface Level {
  readonly left: string;
  readonly left_share: number;
  readonly held_share: number;
  readonly used_share: number;
  readonly state: 'ok' | 'low' | 'out';
}

/** From this share left downwards a meter asks for attention. */
const LOW_SHARE = 0.15;

/**
 * left = cap − used − held, never below zero: an overrun, or a cap lowered under what is used, leaves nothing, not less than nothing.
 */
export function levelOf(meter: { readonly cap: Quantity; readonly used: Quantity; readonly held: Quantity }): Level {
  const cap = decimalOf(meter.cap);
  const used = decimalOf(meter.used);
  const held = decimalOf(meter.held);
  const rest = subtract(cap, add(used, held));
  const left = compare(rest, '0') < 0 ? '0' : rest;
  const left_share = share(left, cap);
  const used_share = share(used, cap);
  const held_share = Math.min(share(held, cap), 1 - used_share);
  const state = compare(left, '0') === 0 ? 'out' : left_share <= LOW_SHARE ? 'low' : 'ok';
  return { left, left_share, held_share, used_share, state };
}

interface MeterWords {
  readonly name: string;
  readonly about: string;
}

const WORDS: Record<string, MeterWords> = {
  credits: { name: t('Credits'), about: t('What you pay calls with. The price of a call follows its cost.') },
  cost: {
    name: t('Cost ceiling'),
    about: t('The most that calls may cost in a period under your plan. Other currencies are converted with a small buffer.'),
  },
  budget: { name: t('Shared budget'), about: t('What all workspaces together may cost in a month.') },
  concurrency: {
    name: t('Concurrent calls'),
    about: t('Calls that may run at the same time.'),
  },
};

const SOLD: MeterWords = {
  name: t('Pay as you go'),
  about: t('Credits beyond the granted ones, sold one by one on the next invoice.'),
};

/** A part of the workspace’s credits: what is sold one by one, or what is allocated to a member or a team. */
function creditPart([kind = '', ...name]: readonly string[]): MeterWords | undefined {
  switch (kind) {
    case 'pay_as_you_go':
      return SOLD;
    case 'member':
      return { name: t('Credits allocated to you'), about: t('The most you may spend of the workspace’s credits in a period.') };
    case 'team':
      return {
        name: t('Credits of team {join}', { join: name.join(':') }),
        about: t('The most your team may spend of the workspace’s credits.'),
      };
    default:
      return undefined;
  }
}

/** A quota is called what the catalog calls it; what has no label there is a meter of the platform. */
export function meterWords({ key, label }: { readonly key: string; readonly label?: string | undefined }): MeterWords {
  if (label !== undefined) return { name: named(label), about: '' };
  const [kind = '', ...of] = key.split(':');
  const known = (kind === 'credits' ? creditPart(of) : undefined) ?? WORDS[key];
  if (known !== undefined) return known;
  const words = key.replaceAll(/[_:.]+/g, ' ').trim();
  return { name: words.charAt(0).toUpperCase() + words.slice(1), about: '' };
}

const WINDOWS: Record<string, string> = {
  second: t('this second'),
  minute: t('this minute'),
  hour: t('this hour'),
  day: t('today'),
  week: t('this week'),
  month: t('this month'),
  year: t('this year'),
  billing_period: t('this period'),
  period: t('this period'),
  ever: t('in all'),
  at_once: t('right now'),
};

/** "this month", "today", … ; an unknown window is said as it came. */
export function windowWords(window: string): string {
  return WINDOWS[window] ?? window.replaceAll('_', ' ');
}

/** An amount in its unit: three capital letters are a currency, anything else is counted. */
export function quantityWords(quantity: Quantity, unit: string): string {
  return /^[A-Z]{3}$/.test(unit) ? formatMoney({ amount: decimalOf(quantity), currency: unit }) : formatCount(quantity);
}

/** What is left of the plan's cost ceiling. */
export function costLeft(cost: { readonly ceiling: Money; readonly spent: Money; readonly held: Money }): Money {
  return { amount: levelOf({ cap: cost.ceiling, used: cost.spent, held: cost.held }).left, currency: cost.ceiling.currency };
}

/** The change between two readings, signed, or undefined when nothing moved: "−2", "+€0.0003". */
export function changeWords(before: Quantity, after: Quantity): string | undefined {
  const change = subtract(decimalOf(after), decimalOf(before));
  const sense = compare(change, '0');
  if (sense === 0) return undefined;
  const size = change.replace('-', '');
  const words = typeof after === 'object' ? formatMoney({ amount: size, currency: after.currency }) : formatCount(size);
  return `${sense < 0 ? '−' : '+'}${words}`;
}
