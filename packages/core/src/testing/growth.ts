import { checkSize } from './check-size.ts';

/** How the time of some work grew with the size of what it was given. */
export interface Growth {
  /** CPU time of the work in milliseconds, by size; each size eight times the one before it. */
  readonly measured: readonly { readonly size: number; readonly ms: number }[];
  /** 1: as the size; 2: as its square. Zero when even the largest size took no time to speak of. */
  readonly exponent: number;
}

interface GrowthOptions {
  readonly size_min?: number;
  /** The largest a caller may send, or a size at which the square of it would be felt. */
  readonly size_max?: number;
}

/** Work that takes less at its largest size holds nobody up, whatever its shape. */
const NEGLIGIBLE_MS = 30;
/** Long enough to tell the shape from the noise; the extended check also meets what shows only at a larger size. */
const TELLING_MS = checkSize({ quick: 100, extended: 250 });
/** Linear work takes 8 times as long for 8 times the size, quadratic work 64 times. */
const FACTOR = 8;
/** Sorting is a little more than linear, and memory gets slower when there is more of it. */
const LINEAR_MAX = 1.6;
/** A machine that is busy, or collects its garbage just then, may spoil a measurement; it does not spoil all of them. */
const TRIES = 5;

/**
 * Doubles the size until the time tells, then compares with an eighth of that size. Measures CPU time of this thread: other programs
 * do not count. Twice over: where the time begins to be felt, and at the end, for work may stop reading somewhere between.
 */
export function growthOf(work: (size: number) => unknown, { size_min = 1 << 9, size_max = 1 << 18 }: GrowthOptions = {}): Growth {
  let growth: Growth = { measured: [], exponent: 0 };
  let felt = false;
  for (let size = size_min; size <= size_max; size *= 2) {
    const ms = onceMs(() => work(size));
    const last = size * 2 > size_max || ms > TELLING_MS;
    if (ms >= NEGLIGIBLE_MS && (!felt || last)) {
      felt = true;
      const here = compared(work, size);
      if (here.exponent > growth.exponent) growth = here;
    }
    if (last) break;
  }
  return growth;
}

function compared(work: (size: number) => unknown, size: number): Growth {
  const small = Math.ceil(size / FACTOR);
  let best: Growth | undefined;
  for (let tries = 0; tries < TRIES && (best === undefined || best.exponent > LINEAR_MAX); tries += 1) {
    const [less, more] = [steadyMs(() => work(small)), steadyMs(() => work(size))];
    const exponent = Math.log(more / less) / Math.log(size / small);
    if (best === undefined || exponent < best.exponent) {
      best = {
        exponent,
        measured: [
          { size: small, ms: less },
          { size, ms: more },
        ],
      };
    }
  }
  return best ?? { measured: [], exponent: 0 };
}

function onceMs(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/** The mean of as many runs as the processor's account of time, which some systems keep in ticks of 4 ms, can tell. */
function steadyMs(work: () => unknown): number {
  let spent = 0;
  let runs = 0;
  while (spent < NEGLIGIBLE_MS && runs < 1_000) {
    spent += onceMs(work);
    runs += 1;
  }
  return Math.max(spent / runs, 0.001);
}

/** What is wrong with the growth, with the figures; undefined where time grew as the size did. */
export function fasterThanLinear(growth: Growth): string | undefined {
  if (growth.exponent <= LINEAR_MAX) return undefined;
  const figures = growth.measured.map(({ size, ms }) => `${size}: ${ms.toFixed(2)} ms`).join(', ');
  return `time grows by the power ${growth.exponent.toFixed(2)} of the size (${figures})`;
}
