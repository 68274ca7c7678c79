/** Ladders are looked at every half second: what was spent is known to them so much later. */
const KNOWN_AFTER_MS = 500;

/** What has been spent of meters, as ladders see it: not before the call has ended and somebody has looked. */
export class SeenSpending {
  #pending: { readonly meter: string; readonly nanos: bigint; readonly known_ms: number }[] = [];
  readonly #seen = new Map<string, bigint>();

  spend(meter: string, nanos: bigint, ended_ms: number): void {
    this.#pending.push({ meter, nanos, known_ms: ended_ms + KNOWN_AFTER_MS });
  }

  of(meter: string, now_ms: number): bigint {
    const known = this.#pending.filter(({ known_ms }) => known_ms <= now_ms);
    if (known.length > 0) {
      this.#pending = this.#pending.filter(({ known_ms }) => known_ms > now_ms);
      for (const spent of known) this.#seen.set(spent.meter, (this.#seen.get(spent.meter) ?? 0n) + spent.nanos);
    }
    return this.#seen.get(meter) ?? 0n;
  }
}
