import { PLATFORM } from '@purser/core';
import { type Lane, openWaits } from '@purser/jobs';
import type { AlertSource } from '@purser/notify';

/** How long 95 in 100 workspaces may wait in a lane for a worker, in seconds. */
const WAIT_MAX_S: Readonly<Record<Lane, number>> = { critical: 5, high: 60, standard: 600, low: 7_200 };

/** Told once an hour for each lane. What a workspace’s own limit keeps waiting is not counted: more workers would not help it. */
export const LANES_LATE: AlertSource = {
  name: 'lanes',
  async after(connection, position) {
    const late = (await openWaits(connection)).filter(({ lane, wait_p95_s }) => wait_p95_s > WAIT_MAX_S[lane]);
    return {
      rows: 0,
      through: position,
      alerts: late.map(({ lane, lines, wait_p95_s, at }) => ({
        workspace: PLATFORM,
        kind: 'lane_wait',
        subject: lane,
        window_start: at.round({ smallestUnit: 'hour', roundingMode: 'floor' }),
        severity: lane === 'critical' ? 'critical' : 'warning',
        title: `Work waits in the lane ${lane}`,
        text:
          `Of ${lines} workspaces that wait there 95 in 100 have waited up to ${Math.round(wait_p95_s)} s; ` +
          `more than ${WAIT_MAX_S[lane]} s should not happen. Start more workers (\`purser worker\`), or see whether those that run are stuck.`,
      })),
    };
  },
};
