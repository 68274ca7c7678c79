/** - `applied`: it changed something. - `ignored`: it is recorded, and changes nothing. - `refused`: it contradicts what is recorded. */
export interface Verdict {
  readonly outcome: 'applied' | 'ignored' | 'refused';
  readonly detail?: string;
}
