import type { Workspace } from '@purser/identity';

import type { Bill } from '../gate.ts';

/** What became of a call at the gate, for figures. Each call is told of once, when it has ended: a stream with its last part. */
export interface CallReport {
  readonly task: string;
  readonly operation: string;
  readonly plan: string;
  /** Absent: the key acted for none. */
  readonly workspace?: Workspace | undefined;
  /** The model of first choice; null when it was refused before one was chosen. */
  readonly model: string | null;
  /** `ok` (its reader may have left), or the code of the refusal. */
  readonly outcome: string;
  readonly duration_ms: number;
  /** Of a stream: until its first part. */
  readonly first_part_ms?: number | undefined;
  /** What was booked for it; absent: nothing. */
  readonly bill?: Bill | undefined;
}

type Known = Pick<CallReport, 'task' | 'operation' | 'plan' | 'workspace' | 'model'>;

/** Follows a call from its beginning and tells once what became of it, whoever ends it: its settle, its refusal, its replay. */
export class CallWatch {
  readonly #began_ms = performance.now();
  readonly #told: ((report: CallReport) => void) | undefined;
  #known: Known;
  #first_part_ms: number | undefined;
  #ended = false;

  constructor(known: Known, told: ((report: CallReport) => void) | undefined) {
    this.#known = known;
    this.#told = told;
  }

  /** What was asked for, and of which model first, is known now. */
  chose(operation: string, model: string | null): void {
    this.#known = { ...this.#known, operation, model };
  }

  /** Its stream has begun, and ends with its settle. Of a call that has ended it says nothing. */
  began(): void {
    this.#first_part_ms = performance.now() - this.#began_ms;
  }

  end(outcome: string, bill?: Bill): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#told?.({
      ...this.#known,
      outcome,
      duration_ms: performance.now() - this.#began_ms,
      first_part_ms: this.#first_part_ms,
      bill,
    });
  }
}
