import { useEffect, useState } from 'react';

/** The browser's clock, read here only. It says "3 minutes ago"; it decides nothing. */
export function nowMs(): number {
  return Date.now();
}

/** The present, read again every `every_ms`, for words such as "3 minutes ago". */
export function useNow(every_ms: number): number {
  const [now_ms, setNow] = useState(nowMs);
  useEffect(() => {
    const timer = setInterval(() => setNow(nowMs()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
  return now_ms;
}

/** Seconds left until zero, counted down; starts again when `start` changes. */
export function useCountdown(start_seconds: number | undefined): number {
  const [left, setLeft] = useState(start_seconds ?? 0);
  useEffect(() => {
    const end_ms = nowMs() + (start_seconds ?? 0) * 1000;
    const tick = (): void => setLeft(Math.max(0, Math.ceil((end_ms - nowMs()) / 1000)));
    tick();
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [start_seconds]);
  return left;
}
