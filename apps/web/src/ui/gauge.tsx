import type { Level } from '../words/meter.ts';
import { t } from '../words/translate.ts';

interface Props {
  readonly level: Level;
  readonly name: string;
  /** The same in words, for those who hear the page. */
  readonly words: string;
  readonly tall?: boolean;
}

const PAINT = { ok: 'bg-store', low: 'bg-oxide-paint', out: 'bg-oxide-paint' } as const;

/** What is left, solid; what is held, hatched; what is gone, empty. Like the sounding of a tank. */
export function Gauge({ level, name, words, tall = false }: Props) {
  return (
    <div
      role="meter"
      aria-label={t('{name}, left', { name })}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(level.left_share * 100)}
      aria-valuetext={words}
      className={`relative w-full overflow-hidden rounded-[3px] border border-edge bg-well ${tall ? 'h-5' : 'h-2.5'}`}
    >
      <div className="flex h-full">
        <div
          className={`h-full transition-[width] duration-500 ${PAINT[level.state]}`}
          style={{ width: percent(level.left_share) }}
        />
        <div className="hatched h-full transition-[width] duration-500" style={{ width: percent(level.held_share) }} />
      </div>
      {tall ? <div className="ticks absolute inset-x-0 bottom-0 h-1.5 opacity-60" /> : null}
    </div>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
