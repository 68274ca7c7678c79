/** Work that is done again and again, on every server: what may not be done twice sees to that itself, by locks or keys. */
export interface BackgroundWork<in Needs = never> {
  /** In logs and figures: `retention`. */
  readonly name: string;
  /** After each run has ended, so runs never overlap. */
  readonly every_ms: number;
  readonly run: (needs: Needs) => Promise<unknown>;
  /** The line in the log when a run failed; the next one comes all the same. */
  readonly failure: string;
}
