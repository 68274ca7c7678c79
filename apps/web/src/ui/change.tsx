import { useEffect, useRef, useState } from 'react';
import { changeWords } from '../words/meter.ts';
import type { Quantity } from '../words/amount.ts';

/** Shows for a few seconds by how much a figure moved since it was last read. Decoration: the figure itself says it all. */
export function Change({ value }: { readonly value: Quantity }) {
  const before = useRef(value);
  const [shown, setShown] = useState<{ words: string; turn: number }>();
  useEffect(() => {
    const words = changeWords(before.current, value);
    before.current = value;
    if (words !== undefined) setShown((last) => ({ words, turn: (last?.turn ?? 0) + 1 }));
  }, [value]);
  if (shown === undefined) return null;
  return (
    <span
      key={shown.turn}
      aria-hidden="true"
      className="figures pointer-events-none narrow rounded-sm bg-signal px-1.5 text-sm font-bold whitespace-nowrap text-on-signal [animation:settle-in_5s_ease-out_both]"
    >
      {shown.words}
    </span>
  );
}
