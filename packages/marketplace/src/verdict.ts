/** What came of an event: it changed something, it is known now and changes nothing, or it does not fit what we know. */
export interface Verdict {
  readonly outcome: 'applied' | 'kept' | 'refused';
  readonly detail?: string;
}
