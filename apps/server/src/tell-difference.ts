import type { Log } from '@purser/log';
import type { Metrics } from '@purser/metrics';

/** From here on the clock of a machine is wrong enough to be set right. */
const TOLD_MS = 2_000;

/** Tells an operator whose machine's clock is not that of the database: when it begins, and when it is over. */
export function tellDifference(metrics: Metrics, log: Log): (machine_ahead_ms: number) => void {
  let told = false;
  return (ahead_ms) => {
    metrics.clockAhead(ahead_ms / 1_000);
    const wrong = Math.abs(ahead_ms) > TOLD_MS;
    if (wrong === told) return;
    told = wrong;
    if (wrong) {
      log.warn(
        { machine_ahead_ms: Math.round(ahead_ms) },
        'the clock of this machine differs from the database clock, which is used; correct it (NTP)',
      );
    } else log.info('the clock of this machine agrees with the database clock again');
  };
}
