/** Priorities, the highest first. */
export const LANES = ['critical', 'high', 'standard', 'low'] as const;
export type Lane = (typeof LANES)[number];

/** While every lane has work waiting, a lane is given so many of 17 slots that come free. */
export const LANE_SHARES: Readonly<Record<Lane, number>> = { critical: 10, high: 4, standard: 2, low: 1 };

export type PerLane = Readonly<Record<Lane, number>>;

export function perLane<Value>(of: (lane: Lane) => Value): Record<Lane, Value> {
  return { critical: of('critical'), high: of('high'), standard: of('standard'), low: of('low') };
}

/**
 * How many of `slots` each lane may have under way: the highest all of them, the next two one and two less, and the lowest half; at
 * least one each. So long work of a lower lane never keeps the highest waiting for a slot.
 */
export function laneLimits(slots: number): PerLane {
  return {
    critical: slots,
    high: Math.max(1, slots - 1),
    standard: Math.max(1, slots - 2),
    low: Math.max(1, Math.ceil(slots / 2)),
  };
}

/** Hands out slots in proportion to the shares, as smoothly as it can be done (weighted round robin as nginx does it). */
export class LaneTurns {
  readonly #current = perLane(() => 0);

  /** How many of `slots` go to each of `lanes` first. */
  take(slots: number, lanes: ReadonlySet<Lane>): PerLane {
    const taken = perLane(() => 0);
    const asking = LANES.filter((lane) => lanes.has(lane));
    const sum = asking.reduce((total, lane) => total + LANE_SHARES[lane], 0);
    for (let slot = 0; slot < slots && asking.length > 0; slot++) {
      for (const lane of asking) this.#current[lane] += LANE_SHARES[lane];
      const next = asking.reduce((best, lane) => (this.#current[lane] > this.#current[best] ? lane : best));
      this.#current[next] -= sum;
      taken[next] += 1;
    }
    return taken;
  }
}
