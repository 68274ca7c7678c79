import type { Offer, Problem } from './types.ts';

/** A "no" that was expected: nothing was charged. `code` never changes its meaning; `problem` is what an HTTP answer says. */
export class PurserRefusal extends Error {
  override readonly name = 'PurserRefusal';
  readonly code: string;
  readonly status: number;
  readonly retry_after_seconds: number | undefined;
  readonly offers: readonly Offer[];
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.code = problem.code;
    this.status = problem.status;
    this.retry_after_seconds = problem.retry_after;
    this.offers = problem.offers ?? [];
    this.problem = problem;
  }
}
