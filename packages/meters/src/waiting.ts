/** A caller whose request waits for a batch. */
export interface Waiting<Request, Outcome> {
  readonly request: Request;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  /** The order in which callers came. */
  readonly ticket: number;
  /** `performance.now()` then. */
  readonly asked_at: number;
  readonly give_up_at: number;
  /** It was sent before, and nobody knows what became of that. */
  sent_before: boolean;
}
