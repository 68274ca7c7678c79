import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly cpu_ms: number;
  readonly name: string;
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const close = text.lastIndexOf(')');
    const fields = text.slice(close + 2).split(' ');
    return {
      pid,
      parent: Number(fields[1]),
      // Its own, in and outside the kernel, and the same of children that have ended.
      cpu_ms: fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS,
      name: text.slice(text.indexOf('(') + 1, close),
    };
  } catch {
    return undefined;
  }
}

/** Milliseconds of CPU that a process and its descendants have used, by the name of the program; who has ended counts with its parent. Linux only. */
export function cpuOfTree(root: number): Map<string, number> {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== undefined);
  const inside = new Set([root]);
  for (let grew = true; grew;) {
    grew = false;
    for (const { pid, parent } of all) {
      if (inside.has(parent) && !inside.has(pid)) {
        inside.add(pid);
        grew = true;
      }
    }
  }
  const used = new Map<string, number>();
  for (const { pid, name, cpu_ms } of all) if (inside.has(pid)) used.set(name, (used.get(name) ?? 0) + cpu_ms);
  return used;
}

/** Resident memory of one process, in MB. */
export function residentMegabytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? Number.NaN) / 1024;
}
