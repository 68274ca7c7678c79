import { moneyParts, type Money } from '../words/amount.ts';

/** A sum in large type: the first two decimals lead, the rest follows smaller, so that even a tiny call is seen to move it. */
export function MoneyFigure({ money, className = '' }: { readonly money: Money; readonly className?: string }) {
  const { before, head, tail, after } = moneyParts(money);
  return (
    <span className={`narrow figures font-semibold ${className}`}>
      {before}
      {head}
      {tail === '' ? null : <span className="text-[0.55em] text-ink-soft">{tail}</span>}
      {after}
    </span>
  );
}
