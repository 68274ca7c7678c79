/** One small change to a source file that a test should notice. */
export interface Mutant {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The line it begins on, without the space around it: what an argument names it by, for numbers of lines move. */
  readonly code: string;
  /** `a < b → a <= b` */
  readonly change: string;
  /** The whole file with the change made. */
  readonly text: string;
}

/** A replacement of a part of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

const CHANGE_MAX = 60;

/** The mutants that edits make, in the order of the file; an edit that changes nothing, or repeats another, makes none. */
export function mutantsOf(file: string, text: string, edits: readonly Edit[]): Mutant[] {
  const made = new Set<string>();
  const mutants: Mutant[] = [];
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const changed = text.slice(0, edit.start) + edit.replacement + text.slice(edit.end);
    if (changed === text || made.has(changed)) continue;
    made.add(changed);
    const begins = text.lastIndexOf('\n', edit.start - 1) + 1;
    const ends = text.indexOf('\n', edit.start);
    mutants.push({
      file,
      line: text.slice(0, edit.start).split('\n').length,
      code: text.slice(begins, ends < 0 ? text.length : ends).trim(),
      change: `${shortened(text.slice(edit.start, edit.end))} → ${shortened(edit.replacement) || 'nothing'}`,
      text: changed,
    });
  }
  return numbered(mutants);
}

/** Two changes of one line that read alike are told apart by their number. */
function numbered(mutants: readonly Mutant[]): Mutant[] {
  const seen = new Map<string, number>();
  return mutants.map((mutant) => {
    const key = keyOf(mutant);
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? mutant : { ...mutant, change: `${mutant.change} (${count})` };
  });
}

/** What a mutant is known by in the list of arguments. */
export function keyOf({ file, code, change }: Pick<Mutant, 'file' | 'code' | 'change'>): string {
  return `${file}\n${code}\n${change}`;
}

function shortened(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').replaceAll('`', "'").trim();
  return flat.length <= CHANGE_MAX ? flat : `${flat.slice(0, CHANGE_MAX / 2)}…${flat.slice(-CHANGE_MAX / 2 + 1)}`;
}
