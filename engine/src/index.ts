import './temporal.ts';

export { createPurser } from './create-purser.ts';
export { PurserRefusal } from './purser-refusal.ts';
export type * from './types.ts';
