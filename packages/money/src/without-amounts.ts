const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
/** A number with three letters beside it, or with the sign of a currency before it. */
const AMOUNT = /\d ?([A-Z]{3})\b|\b([A-Z]{3}) ?-?\d|[€$£¥] ?-?\d/g;

/** Whether a text names an amount of money. */
export function namesAmount(text: string): boolean {
  for (const [, after, before] of text.matchAll(AMOUNT)) {
    const code = after ?? before;
    if (code === undefined || CURRENCIES.has(code)) return true;
  }
  return false;
}

/** A text of ours without the sentences, and the parts after a semicolon, that name an amount of money. Empty when nothing is left. */
export function withoutAmounts(text: string): string {
  if (!namesAmount(text)) return text;
  const kept = text.split('. ').map((sentence) =>
    sentence
      .split('; ')
      .filter((part) => !namesAmount(part))
      .join('; '),
  );
  return kept.filter((sentence) => sentence !== '').join('. ');
}
