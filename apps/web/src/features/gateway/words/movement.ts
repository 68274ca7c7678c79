import type { StatementLine } from '../../../api/wire.ts';

const SOURCES: Record<string, string> = {
  monthly: 'Credits of the month',
  gift: 'A gift',
  purchased: 'A pack',
  rollover: 'Carried over from last month',
  allocation: 'Credits as agreed',
};

/** What a movement of credits was, for a reader: "Credits of the month", "A call", "Lapsed". */
export function movementWords({ kind, source }: Pick<StatementLine, 'kind' | 'source'>): string {
  switch (kind) {
    case 'grant':
      return source === null ? 'Credits granted' : sourceWords(source);
    case 'spend':
      return source === null ? 'A call' : `A call, paid by ${packWords(source)}`;
    case 'expiry':
      return 'Lapsed';
    case 'refund':
      return 'Given back';
    case 'withdrawal':
      return 'Taken back: its payment was returned';
    default: {
      const never: never = kind;
      return never;
    }
  }
}

function sourceWords(source: string): string {
  const [kind = '', ...rest] = source.split(':');
  const known = Object.hasOwn(SOURCES, kind) ? SOURCES[kind] : undefined;
  if (known === undefined) return source.replaceAll(/[_:]+/g, ' ');
  return rest.length === 0 ? known : `${known}: ${rest.join(':')}`;
}

function packWords(source: string): string {
  const [kind = '', ...rest] = source.split(':');
  return kind === 'pack' && rest.length > 0 ? `the pack ${rest.join(':')}` : source.replaceAll(/[_:]+/g, ' ');
}
