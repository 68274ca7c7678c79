import { type Fitting, fitSteps, type FittedStep, type Size, type Task, type TaskCall } from '@purser/gate';
import { actualCost, type Usage } from '@purser/money';
import { finalReport } from '@purser/providers';

export interface Checked {
  readonly words: number;
}

/** Has notes checked; who checks them bills by the note. */
export class CheckTask implements Task<string, Size, FittedStep<string>, Checked> {
  readonly name = 'note_check';
  readonly #providers: ReadonlySet<string> = new Set(['checker']);

  offeredBy() {
    return this.#providers;
  }
  size() {
    return {};
  }
  fit(question: Fitting<string, Size>) {
    const most = { input_tokens: 0, output_tokens: 0, units: { note: 1 } };
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      () => [{ shape: question.input, most }],
    );
  }
  most({ most }: FittedStep<string>) {
    return most;
  }
  costOf({ price }: FittedStep<string>, usage: Usage) {
    return actualCost(price, usage);
  }
  counted({ units }: Usage) {
    return { note: units?.['note'] ?? 0 };
  }
  /** A real one would ask its provider here. */
  async run({ fitted: { model, shape, most } }: TaskCall<string, FittedStep<string>>) {
    const result = { words: shape.split(/\s+/).filter(Boolean).length };
    return Promise.resolve({ result, usage: finalReport(most), model: { name: model.name } });
  }
  keep(checked: Checked) {
    return checked;
  }
  restore(kept: unknown) {
    return kept as Checked;
  }
}
