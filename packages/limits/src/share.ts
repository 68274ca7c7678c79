import type { RateRequest, RateRule } from './rate.ts';

/**
 * The part of a limit that each of `servers` may grant by itself while they cannot count together: 1/servers of it, so that all of them
 * never pass it. A limit smaller than the number of servers leaves each at least one call, in a window as much longer.
 */
function shareOf(rule: RateRule, servers: number): RateRule {
  if (rule.kind === 'bucket') {
    return { ...rule, per_ms: rule.per_ms * servers, burst: Math.max(1, Math.floor(rule.burst / servers)) };
  }
  const count_max = Math.floor(rule.count_max / servers);
  if (count_max > 0 || rule.count_max === 0) return { ...rule, count_max };
  return { ...rule, count_max: 1, window_ms: Math.ceil((rule.window_ms * servers) / rule.count_max) };
}

/** Keeps the shares of rules it has seen: a plan's rules are the same objects at every call. */
export class Shares {
  readonly #rules = new WeakMap<readonly RateRule[], readonly RateRule[]>();
  readonly #servers: number;

  /** How much of a count falls to one server. */
  part(count: number): number {
    return Math.ceil(count / this.#servers);
  }

  constructor(servers: number) {
    this.#servers = servers;
  }

  of(request: RateRequest): RateRequest {
    return { ...request, subjects: request.subjects.map((subject) => ({ ...subject, rules: this.#rulesOf(subject.rules) })) };
  }

  #rulesOf(rules: readonly RateRule[]): readonly RateRule[] {
    let shared = this.#rules.get(rules);
    if (shared === undefined) {
      shared = rules.map((rule) => shareOf(rule, this.#servers));
      this.#rules.set(rules, shared);
    }
    return shared;
  }
}
