import { OffsetClock, systemClock } from '../clock.ts';

/**
 * When the clocks of a test run start: the same on every day it is run, so that none depends on that day. A Wednesday within a month.
 * `PURSER_TEST_START` names another: an end of a month, a leap day, an evening of a Sunday.
 */
const START = Temporal.Instant.from(process.env['PURSER_TEST_START'] ?? '2027-03-10T10:20:30Z');

/** When the run began by the machine's clock; the run says so to all its processes, so that their clocks agree. */
const BEGAN_MS = Number(process.env['PURSER_TEST_BEGAN_MS'] ?? systemClock.now().epochMilliseconds);

/** The clock of tests, fixtures and the programs they start: it runs on from the start of the run. */
export function suiteClock(): OffsetClock {
  return new OffsetClock(systemClock, START.add({ milliseconds: systemClock.now().epochMilliseconds - BEGAN_MS }));
}
