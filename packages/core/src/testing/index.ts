export { fasterThanLinear, type Growth, growthOf } from './growth.ts';
export { HOSTILE_TEXTS } from './hostile-texts.ts';
export { suiteClock } from './suite-clock.ts';
export { checkSize } from './check-size.ts';
