import { burnsBefore, type GrantSource } from '@purser/meters';

import type { RecordedGrant } from './recorded.ts';

interface Held {
  readonly id: string;
  readonly source: GrantSource;
  readonly expires_at: Temporal.Instant | null;
  left: bigint;
}

/** The credits of one workspace, spent in the order in which the meters burn them. */
export class CreditBalance {
  #grants: Held[] = [];

  /** What was left of these grants together lies in those that burn last. */
  static opened(grants: readonly RecordedGrant[], balance: bigint): CreditBalance {
    const purse = new CreditBalance();
    let left = balance;
    for (const grant of grants.toSorted((a, b) => (burnsBefore(a, b) ? 1 : -1))) {
      const credits = left < grant.credits ? left : grant.credits;
      left -= credits;
      purse.add({ ...grant, credits });
    }
    return purse;
  }

  add({ credits, ...grant }: RecordedGrant): void {
    if (credits <= 0n) return;
    const place = this.#grants.findIndex((other) => burnsBefore(grant, other));
    this.#grants.splice(place === -1 ? this.#grants.length : place, 0, { ...grant, left: credits });
  }

  free(at: Temporal.Instant): bigint {
    this.#lapse(at);
    return this.#grants.reduce((sum, { left }) => sum + left, 0n);
  }

  spend(credits: bigint, at: Temporal.Instant): void {
    this.#lapse(at);
    this.#take(credits, this.#grants);
  }

  /** What was bought goes back, as far as it is there. */
  takeBack(credits: bigint): void {
    const bought = this.#grants.filter(({ source }) => source === 'purchased');
    this.#take(credits, bought.toReversed());
  }

  #take(credits: bigint, from: readonly Held[]): void {
    let wanted = credits;
    for (const grant of from) {
      const taken = wanted < grant.left ? wanted : grant.left;
      grant.left -= taken;
      wanted -= taken;
      if (wanted === 0n) break;
    }
    this.#grants = this.#grants.filter(({ left }) => left > 0n);
  }

  #lapse(at: Temporal.Instant): void {
    this.#grants = this.#grants.filter(({ expires_at }) => expires_at === null || Temporal.Instant.compare(at, expires_at) < 0);
  }
}
