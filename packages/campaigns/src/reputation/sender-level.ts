/** How much of what a workspace sent came back, in some time. */
export interface SenderFigures {
  readonly sent: number;
  /** For good. */
  readonly bounced: number;
  readonly complained: number;
}

export type Grievance = 'bounces' | 'complaints';
export type SenderLevel = 'good' | 'warned' | 'stopped';

export interface JudgedSender {
  readonly level: SenderLevel;
  /** What the level is for; undefined: nothing. */
  readonly reason: Grievance | undefined;
}

interface Limits {
  /** Whoever has sent fewer is judged as if it had sent so many: one bounce of three messages is no rate. */
  readonly sample: number;
  /** Beyond so many of ten thousand. */
  readonly warned: number;
  readonly stopped: number;
}

/** What is counted of. */
export const DAYS = 30;
/** Where Amazon itself looks into an account: 5 % and 0.1 %. */
export const LIMITS: Readonly<Record<Grievance, Limits>> = {
  bounces: { sample: 100, warned: 200, stopped: 500 },
  complaints: { sample: 1_000, warned: 8, stopped: 10 },
};

/** The worse of what bounces and complaints come to. */
export function judgeSender({ sent, bounced, complained }: SenderFigures): JudgedSender {
  const counts: Readonly<Record<Grievance, number>> = { bounces: bounced, complaints: complained };
  for (const level of ['stopped', 'warned'] as const) {
    for (const reason of ['bounces', 'complaints'] as const) {
      const limits = LIMITS[reason];
      if (counts[reason] * 10_000 > limits[level] * Math.max(sent, limits.sample)) return { level, reason };
    }
  }
  return { level: 'good', reason: undefined };
}

/** `6 of 80 e-mails of the last 30 days bounced, more than 5 % allow`. */
export function grievanceWords(
  { sent, bounced, complained }: SenderFigures,
  reason: Grievance,
  level: 'warned' | 'stopped',
): string {
  const limits = LIMITS[reason];
  const what =
    reason === 'bounces' ? `${bounced} of ${sent} e-mails bounced` : `${complained} of ${sent} e-mails were complained of`;
  const least = sent < limits.sample ? ` (counted as of ${limits.sample})` : '';
  return `${what} in ${DAYS} days${least}, more than ${limits[level] / 100} %`;
}
