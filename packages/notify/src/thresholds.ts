import { localTime, type WorkspaceId } from '@purser/core';
import type { MeterState } from '@purser/meters';
import { compareRatios, divide, formatRatio, type Ratio, ratio } from '@purser/money';

import type { NewAlert, Severity } from './alert.ts';
import { inUnit, meterName } from './words.ts';

/** What a catalog that names none means. */
export const THRESHOLDS_DEFAULT: readonly Ratio[] = [ratio(70n, 100n), ratio(85n, 100n), ratio(95n, 100n)];

const WARNING = ratio(85n, 100n);
const CRITICAL = ratio(95n, 100n);

/** A counter against its cap, whichever it is: a meter, or credits against the most there were in the period. */
export interface Fill {
  readonly workspace: WorkspaceId;
  readonly key: string;
  /** What people call it; absent: by its key. */
  readonly name?: string;
  readonly unit: string;
  readonly window_start: Temporal.Instant;
  readonly window_end: Temporal.Instant | null;
  readonly cap: bigint;
  readonly used: bigint;
}

/** What counts as used of a meter: what is unresolved and overruns too. What is held may yet come back, so it is not told of. */
export function fillOf(meter: MeterState, name?: string): Fill {
  const { workspace, key, unit, window_start, window_end, cap } = meter;
  const used = meter.used + meter.unreconciled + meter.overrun;
  return { workspace, key, unit, window_start, window_end, cap, used, ...(name !== undefined && { name }) };
}

/** The thresholds a fill has reached, lowest first; all but the highest are quiet. A cap of zero has none. */
export function crossings(fill: Fill, thresholds: readonly Ratio[], timezone: string): NewAlert[] {
  if (fill.cap <= 0n) return [];
  const reached = thresholds
    .map((share) => ({ share, level: divide(fill.cap * share.numerator, share.denominator, 'up') }))
    .filter(({ level }) => level > 0n && fill.used >= level)
    .toSorted((a, b) => compareRatios(a.share, b.share));
  return reached.map(({ share, level }, index) => ({
    workspace: fill.workspace,
    kind: 'threshold',
    subject: `${fill.key} ${fill.unit}`,
    window_start: fill.window_start,
    threshold: formatRatio(share),
    level,
    value: fill.used,
    severity: severityOf(share),
    title: `${percent(share)} of ${fill.name === undefined ? meterName(fill.key) : `“${fill.name}”`} used`,
    text: describe(fill, timezone),
    quiet: index < reached.length - 1,
  }));
}

function severityOf(share: Ratio): Severity {
  if (compareRatios(share, CRITICAL) >= 0) return 'critical';
  return compareRatios(share, WARNING) >= 0 ? 'warning' : 'info';
}

function percent(share: Ratio): string {
  return `${formatRatio(ratio(share.numerator * 100n, share.denominator))} %`;
}

function describe({ key, unit, cap, used, window_end }: Fill, timezone: string): string {
  const until = window_end === null ? '' : ` It resets on ${localTime(window_end, timezone)}.`;
  return `${inUnit(used, unit)} of ${inUnit(cap, unit)} of ${meterName(key)} are used.${until}`;
}
