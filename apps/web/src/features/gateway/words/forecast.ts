import type { CreditForecast } from '@purser/api';
import { instantMs } from '../../../words/time.ts';

export interface Band {
  /** Shares of the time from now to the refresh. */
  readonly from: number;
  readonly to: number;
  /** Null: most likely not before the refresh. */
  readonly likely: number | null;
}

/** Where the credits may run out between now and the refresh; undefined when they do not, or nobody knows. */
export function bandOf(forecast: CreditForecast, refresh: string, now_ms: number): Band | undefined {
  const { outlook, earliest, latest, exhausted_at } = forecast;
  const length_ms = instantMs(refresh) - now_ms;
  if (earliest === null || outlook === 'exhausted' || outlook === 'unknown' || length_ms <= 0) return undefined;
  const share = (iso: string): number => Math.min(1, Math.max(0, (instantMs(iso) - now_ms) / length_ms));
  return {
    from: share(earliest),
    to: latest === null ? 1 : share(latest),
    likely: exhausted_at === null ? null : share(exhausted_at),
  };
}
