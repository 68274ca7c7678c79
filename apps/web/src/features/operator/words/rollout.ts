import type { Arm, Rollout } from '../../../api/wire-operator.ts';
import { add, compare, decimalOf, formatCount, formatMoneyShort } from '../../../words/amount.ts';
import { ratioWords } from './margin.ts';
import { explain } from '../../../words/problem.ts';
import { shareWords } from '../../../words/share.ts';
import { t } from '../../../words/translate.ts';

/** One line of the comparison: the same figure of those who were moved and of those who stayed. */
export interface ComparedFigure {
  readonly name: string;
  readonly moved: string;
  readonly stayed: string;
  /** It belongs to the figure above it. */
  readonly part?: true;
  /** Of those who were moved; undefined where neither is better. */
  readonly verdict?: 'better' | 'worse';
}

/** Fewer calls on one side say little. */
const CALLS_THAT_SAY_SOMETHING = 100;
const NONE = '–';

/** "5 % are moved". */
export function standWords({ state, share }: Pick<Rollout, 'state' | 'share'>): string {
  switch (state) {
    case 'running':
      return share === 0 ? t('no customers yet') : t('{share} of customers', { share: percent(share) });
    case 'all':
      return t('completed');
    case 'back':
      return t('rolled back');
    default: {
      const never: never = state;
      return never;
    }
  }
}

export function percent(share: number): string {
  return `${shareWords(String(share))} %`;
}

/** Both sides, figure by figure: how many, how often refused and why, what each cost and kept. */
export function comparisonOf(arms: readonly Arm[]): readonly ComparedFigure[] {
  const moved = arms.find(({ arm }) => arm === 'moved');
  const stayed = arms.find(({ arm }) => arm === 'stayed');
  if (moved === undefined || stayed === undefined) return [];
  return [
    { name: t('Workspaces'), moved: formatCount(moved.workspaces), stayed: formatCount(stayed.workspaces) },
    { name: t('Calls'), moved: formatCount(moved.calls), stayed: formatCount(stayed.calls) },
    {
      name: t('Refused'),
      moved: ratio(moved.refusal_ratio),
      stayed: ratio(stayed.refusal_ratio),
      ...verdict(stayed.refusal_ratio, moved.refusal_ratio),
    },
    ...refusals(moved, stayed),
    ...margins(moved, stayed),
  ];
}

/** True while what is compared may be chance. */
export function saysLittle(arms: readonly Arm[]): boolean {
  return arms.some(({ calls }) => calls < CALLS_THAT_SAY_SOMETHING);
}

function refusals(moved: Arm, stayed: Arm): ComparedFigure[] {
  const codes = [...new Set([...Object.keys(moved.refused), ...Object.keys(stayed.refused)])].toSorted();
  return codes.map((code) => ({
    name: explain({ code, status: 0, title: code.replaceAll('_', ' '), detail: '' }).headline,
    moved: formatCount(moved.refused[code] ?? 0),
    stayed: formatCount(stayed.refused[code] ?? 0),
    part: true as const,
  }));
}

function margins(moved: Arm, stayed: Arm): ComparedFigure[] {
  const currencies = [...new Set([...moved.margin, ...stayed.margin].map(({ revenue }) => revenue.currency))].toSorted();
  return currencies.flatMap((currency) => {
    const ours = lineOf(moved, currency);
    const theirs = lineOf(stayed, currency);
    return [
      { name: t('Revenue in {currency}', { currency }), moved: money(ours?.revenue), stayed: money(theirs?.revenue) },
      { name: t('Cost and fees in {currency}', { currency }), moved: money(spent(ours)), stayed: money(spent(theirs)) },
      {
        name: t('Gross margin in {currency}', { currency }),
        moved: ratio(ours?.margin_ratio ?? null),
        stayed: ratio(theirs?.margin_ratio ?? null),
        ...verdict(ours?.margin_ratio ?? null, theirs?.margin_ratio ?? null),
      },
    ];
  });
}

type Line = Arm['margin'][number];

function lineOf({ margin }: Arm, currency: string): Line | undefined {
  return margin.find(({ revenue }) => revenue.currency === currency);
}

function spent(line: Line | undefined): Line['cost'] | undefined {
  return line && { amount: add(line.cost.amount, line.fees.amount), currency: line.cost.currency };
}

function money(amount: Line['cost'] | undefined): string {
  return amount === undefined ? NONE : formatMoneyShort(amount);
}

function ratio(value: string | null): string {
  return value === null ? NONE : ratioWords(value);
}

/** `higher` should be the higher of the two, or those who were moved are worse off. */
function verdict(higher: string | null, lower: string | null): Pick<ComparedFigure, 'verdict'> {
  if (higher === null || lower === null) return {};
  const order = compare(decimalOf(higher), decimalOf(lower));
  return order === 0 ? {} : { verdict: order > 0 ? 'better' : 'worse' };
}
