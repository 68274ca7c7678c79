import { LruCache, isRefusal, type WorkspaceId } from '@purser/core';
import { type RateDecision, refusedSubject } from '@purser/limits';

const SUBJECTS_MAX = 20_000;

/** Who was refused for its rate and must still wait. It decides nothing: it says whom to ask about before any work is done. */
export class Refused {
  readonly #until_ms = new LruCache<string, number>(SUBJECTS_MAX);

  /** Hands the decision on. */
  remember(workspace: WorkspaceId, decision: RateDecision, now: Temporal.Instant): RateDecision {
    if (!isRefusal(decision)) return decision;
    const subject = refusedSubject(decision);
    const wait_ms = (decision.retryAfterSeconds ?? 0) * 1_000;
    if (subject !== undefined) this.#until_ms.set(`${workspace}:${subject}`, now.epochMilliseconds + wait_ms);
    return decision;
  }

  /** As it nearly always is. */
  get isEmpty(): boolean {
    return this.#until_ms.size === 0;
  }

  waits(workspace: WorkspaceId, user: string, now: Temporal.Instant): boolean {
    return [`${workspace}:workspace`, `${workspace}:${user}`].some((key) => {
      const until_ms = this.#until_ms.get(key);
      if (until_ms === undefined) return false;
      if (until_ms > now.epochMilliseconds) return true;
      this.#until_ms.delete(key);
      return false;
    });
  }
}
