export { beginRollout, moveRollout } from './begin-rollout.ts';
export { compareRollout } from './compare-rollout.ts';
export type { ConsoleDeps } from './deps.ts';
export { listUnresolved, resolveCalls } from './resolve-unresolved.ts';
export { takeBackGift } from './take-back-gift.ts';
export { type BooksVerification, verifyBooks } from './verify-books.ts';
