/** How the time of some work grew with the size of what it was given. */
export interface Growth {
  /** Sizes, each twice the one before, and the CPU time of the work in milliseconds: the least of some runs. */
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
const NEGLIGIBLE_MS = 25;
/** Long enough to tell the shape from the noise. */
const TELLING_MS = 250;
/** The exponent is taken over three doublings: linear work takes 8 times as long, quadratic work 64 times. */
const DOUBLINGS = 3;
/** Sorting is a little more than linear, and memory gets slower when there is more of it. */
const LINEAR_MAX = 1.5;
/** A machine that is busy, or collects its garbage just then, may spoil a measurement; it does not spoil all of them. */
const TRIES = 4;

/** Doubles the size from `size_min` on until the time tells, and measures CPU time of this thread: other programs do not count. */
export function growthOf(work: (size: number) => unknown, options: GrowthOptions = {}): Growth {
  let growth = measure(work, options);
  for (let tries = 1; tries < TRIES && growth.exponent > LINEAR_MAX; tries += 1) {
    const again = measure(work, options);
    if (again.exponent < growth.exponent) growth = again;
  }
  return growth;
}

function measure(work: (size: number) => unknown, { size_min = 1 << 10, size_max = 1 << 18 }: GrowthOptions): Growth {
  const measured: { size: number; ms: number }[] = [];
  for (let size = size_min; size <= size_max; size *= 2) {
    const ms = cpuMs(() => work(size));
    measured.push({ size, ms });
    if (ms > TELLING_MS) break;
  }
  const last = measured.at(-1);
  const first = measured.at(-1 - DOUBLINGS) ?? measured[0];
  if (last === undefined || first === undefined || first === last || last.ms < NEGLIGIBLE_MS) return { measured, exponent: 0 };
  // Times too short to be measured count as the shortest that can be.
  return { measured, exponent: Math.log2(last.ms / Math.max(first.ms, 0.02)) / Math.log2(last.size / first.size) };
}

/** The least of up to five runs; of work that takes long, one run says enough. */
function cpuMs(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let run = 0; run < 5 && spent < TELLING_MS; run += 1) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    const ms = (user + system) / 1_000;
    least = Math.min(least, ms);
    spent += ms;
  }
  return least;
}

/** What is wrong with the growth, with the figures; undefined where time grew as the size did. */
export function fasterThanLinear(growth: Growth): string | undefined {
  if (growth.exponent <= LINEAR_MAX) return undefined;
  const figures = growth.measured.map(({ size, ms }) => `${size}: ${ms.toFixed(1)} ms`).join(', ');
  return `time grows by the power ${growth.exponent.toFixed(2)} of the size (${figures})`;
}
