/** What has to be undone, the last first. */
export class Closing {
  readonly #steps: (() => Promise<unknown> | void)[] = [];

  defer(step: () => Promise<unknown> | void): void {
    this.#steps.push(step);
  }

  /** Every step is taken though another fails. @throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
