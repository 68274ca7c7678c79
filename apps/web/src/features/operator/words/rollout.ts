import type { Arm, Rollout } from '@purser/api';
import { add, compare, decimalOf, formatCount, formatMoneyShort } from '../../../words/amount.ts';
import { ratioWords } from './margin.ts';
import { explain } from '../../../words/problem.ts';
import { shareWords } from '../../../words/share.ts';
import { t } from '../../../words/translate.ts';

/** One line of the comparison: the same figure of those who were moved and of those who stayed. */
export interface ComparedFigure {
  readonly name: string;
  readonly treatment: string;
  readonly control: string;
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
    case 'completed':
      return t('completed');
    case 'rolled_back':
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
  const treatment = arms.find(({ arm }) => arm === 'treatment');
  const control = arms.find(({ arm }) => arm === 'control');
  if (treatment === undefined || control === undefined) return [];
  return [
    { name: t('Workspaces'), treatment: formatCount(treatment.workspaces), control: formatCount(control.workspaces) },
    { name: t('Calls'), treatment: formatCount(treatment.calls), control: formatCount(control.calls) },
    {
      name: t('Refused'),
      treatment: ratio(treatment.refusal_ratio),
      control: ratio(control.refusal_ratio),
      ...verdict(control.refusal_ratio, treatment.refusal_ratio),
    },
    ...refusals(treatment, control),
    ...margins(treatment, control),
  ];
}

/** True while what is compared may be chance. */
export function saysLittle(arms: readonly Arm[]): boolean {
  return arms.some(({ calls }) => calls < CALLS_THAT_SAY_SOMETHING);
}

function refusals(treatment: Arm, control: Arm): ComparedFigure[] {
  const codes = [...new Set([...Object.keys(treatment.refused), ...Object.keys(control.refused)])].toSorted();
  return codes.map((code) => ({
    name: explain({ code, status: 0, title: code.replaceAll('_', ' '), detail: '' }).headline,
    treatment: formatCount(treatment.refused[code] ?? 0),
    control: formatCount(control.refused[code] ?? 0),
    part: true as const,
  }));
}

function margins(treatment: Arm, control: Arm): ComparedFigure[] {
  const currencies = [...new Set([...treatment.margin, ...control.margin].map(({ revenue }) => revenue.currency))].toSorted();
  return currencies.flatMap((currency) => {
    const ours = lineOf(treatment, currency);
    const theirs = lineOf(control, currency);
    return [
      { name: t('Revenue in {currency}', { currency }), treatment: money(ours?.revenue), control: money(theirs?.revenue) },
      { name: t('Cost and fees in {currency}', { currency }), treatment: money(spent(ours)), control: money(spent(theirs)) },
      {
        name: t('Gross margin in {currency}', { currency }),
        treatment: ratio(ours?.margin_ratio ?? null),
        control: ratio(theirs?.margin_ratio ?? null),
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
