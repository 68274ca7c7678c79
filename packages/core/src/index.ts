export { inBackground } from './background.ts';
export { CharacterTable } from './character-table.ts';
export { type Clock, OffsetClock, systemClock, TestClock } from './clock.ts';
export { DataLoader } from './data-loader.ts';
export { assert, BrokenInvariant, Fault, unreachable } from './fault.ts';
export { fileTrouble } from './file-trouble.ts';
export { type HoldId, type Id, isUuid, PLATFORM, type WorkspaceId } from './ids.ts';
export { instantText } from './instant-text.ts';
export { localTime } from './local-time.ts';
export { LruCache } from './lru-cache.ts';
export { ownPath } from './own-path.ts';
export { wasDemoted } from './redis-demoted.ts';
export {
  defineRefusals,
  isRefusal,
  type ModuleRefusalCode,
  type ModuleRefusals,
  type Offer,
  REFUSALS,
  type Refusal,
  type RefusalCode,
  RefusalError,
  type RefusalKind,
  refusalKind,
  refusalKinds,
  refuse,
  registerRefusals,
} from './refusal.ts';
export { type Repetition, repeat } from './repeat.ts';
export { doneWithin } from './within.ts';
