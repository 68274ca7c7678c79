import { useSyncExternalStore } from 'react';

const never = (): (() => void) => () => undefined;

/** False while the page is only what the server gave: nothing on it can be pressed yet, and what is typed stays in its fields. */
export function useLive(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}
