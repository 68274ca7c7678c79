/** "85 %" of the share "0.85". */
export function shareWords(share: string): string {
  const found = /^(\d)(?:\.(\d{1,4}))?$/.exec(share);
  if (found === null) return share;
  const [, whole = '0', fraction = ''] = found;
  const places = fraction.padEnd(4, '0');
  const rest = places.slice(2).replace(/0+$/, '');
  return `${Number(whole + places.slice(0, 2))}${rest === '' ? '' : `.${rest}`}`;
}

/** Reads "70, 85, 95" as shares between 0 and 1; undefined when a part of it is none. */
export function readShares(text: string): string[] | undefined {
  const parts = text
    .split(/[,;\s]+/)
    .map((part) => part.replace('%', ''))
    .filter((part) => part !== '');
  const shares = parts.map((part) => {
    const found = /^(\d{1,3})(?:\.(\d{1,2}))?$/.exec(part);
    const [, whole = '0', fraction = ''] = found ?? [];
    const ten_thousandths = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
    if (found === null || ten_thousandths === 0 || ten_thousandths > 10_000) return undefined;
    return ten_thousandths === 10_000 ? '1' : `0.${String(ten_thousandths).padStart(4, '0').replace(/0+$/, '')}`;
  });
  return shares.every((share) => share !== undefined) ? shares : undefined;
}
