import type { RateHeadroom, WindowRule } from './rate.ts';

/** What so many calls leave of a window. */
export function headroomOf({ count_max, window_ms }: WindowRule, calls: number): RateHeadroom {
  return { limit: count_max, remaining: Math.max(0, count_max - calls), reset_ms: calls === 0 ? 0 : window_ms };
}
