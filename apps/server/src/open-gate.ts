import type { Clock } from '@purser/core';
import type { Settings } from '@purser/settings';
import type { Log } from '@purser/log';
import { createGate, type Gate, type GateDeps } from '@purser/gate';
import type { Identity } from '@purser/identity';
import type { Policies } from '@purser/policy';
import type { MemberMeters } from '@purser/wallet';
import type { Metrics, BackgroundLog } from '@purser/metrics';

const DRAIN = { timeout_ms: 10_000, bytes_max: 1_048_576 } as const;

/** The gate over the parts of a server, with what it reports in their metrics and logs. */
export function openGate(
  parts: Pick<GateDeps, 'meters' | 'rates' | 'providers' | 'openPeriod' | 'routes' | 'carriers' | 'tasks' | 'pause'> & {
    readonly clock: Clock;
    readonly log: Log;
    readonly logOf: (work: string) => BackgroundLog;
    readonly metrics: Metrics;
    readonly settings: Settings;
    readonly identity: Identity;
    readonly policies: Policies;
    readonly members: MemberMeters;
  },
): Gate {
  const { log, logOf, metrics, settings, identity, policies, members, ...given } = parts;
  return createGate({
    ...given,
    policyOf: policies.of,
    workspaceNow: (id) => identity.workspace(id),
    onSpent: policies.spent,
    onBilled: ({ cost, charged, offline }) => metrics.spent({ cost, credits: charged, offline }),
    memberMeters: members.of,
    call_timeout_ms: settings.call_timeout_ms,
    drain: DRAIN,
    onProviderFailure: (failure) => log.warn(failure, 'a provider failed or refused a call'),
    observe(report) {
      metrics.called(report);
      if (report.workspace) policies.observed(report.workspace, report.outcome);
    },
    onLost: ({ id, workspace, provider, cost }) =>
      log.error(
        { hold: id, workspace, provider, cost: cost.amount.toString(), unit: cost.unit },
        'a call was settled whose hold is not in the database; its cost is booked as unresolved. Was a standby promoted that had not received all writes?',
      ),
    onBackgroundFailure: (work, err) =>
      logOf(work).error({ err }, 'the result of a call could not be written; its hold expires and its cost stays counted'),
  });
}
