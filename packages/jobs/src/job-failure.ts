import { BrokenInvariant, Fault, RefusalError } from '@purser/core';

/** Thrown by a job that cannot succeed however often it is tried. The detail is public. */
export class JobFailure extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.name = 'JobFailure';
    this.code = code;
  }
}

/** What a failed attempt means for its job. */
export interface Verdict {
  readonly code: string;
  /** Public: of errors nobody foresaw it says nothing, since they may hold anything. */
  readonly detail: string;
  readonly again: boolean;
}

export function verdictOf(error: unknown): Verdict {
  if (error instanceof JobFailure) return { code: error.code, detail: error.message, again: false };
  if (error instanceof RefusalError) return { code: error.refusal.code, detail: error.refusal.detail, again: false };
  if (error instanceof Fault) return { code: 'unavailable', detail: error.message, again: error.retryable };
  const detail = 'the job failed for a reason that is in the log of the server';
  return { code: 'internal', detail, again: !(error instanceof BrokenInvariant) };
}
