export { openPeriods, type PeriodOpener } from './open-period.ts';
