import type { WorkspaceId } from '@purser/core';

interface Outcome {
  readonly at_ms: number;
  readonly failed: boolean;
  readonly workspace: WorkspaceId;
  readonly independent: boolean;
}

const RECENT = 20;
const RECENT_MS = 60_000;

/**
 * What this server sent lately, by model: where some calls are served in between there is no row of failures, and half of so many that failed
 * is enough. Of a model that serves all it is sent nothing is kept.
 */
export class RecentOutcomes {
  readonly #models = new Map<string, Outcome[]>();
  readonly #witnesses_min: number;

  constructor(witnesses_min: number) {
    this.#witnesses_min = witnesses_min;
  }

  served(model: string, workspace: WorkspaceId): void {
    const outcomes = this.#models.get(model);
    if (outcomes === undefined) return;
    this.#note(outcomes, { at_ms: performance.now(), failed: false, workspace, independent: false });
    if (!outcomes.some(({ failed }) => failed)) this.#models.delete(model);
  }

  /**
   * Whether half failed: of everybody's, met by half of the workspaces and by as many independent ones as close a model for all; and of the
   * workspace's own.
   */
  failed(model: string, workspace: WorkspaceId, independent: boolean): { everybody: boolean; own: boolean } {
    let outcomes = this.#models.get(model);
    if (outcomes === undefined) this.#models.set(model, (outcomes = []));
    this.#note(outcomes, { at_ms: performance.now(), failed: true, workspace, independent });
    const failures = outcomes.filter(({ failed }) => failed);
    const own = failures.filter((one) => one.workspace === workspace).length;
    const all = outcomes.filter((one) => one.workspace === workspace).length;
    const half = outcomes.length === RECENT && failures.length * 2 >= RECENT;
    const witnesses = workspacesOf(failures.filter((one) => one.independent));
    return {
      everybody: half && witnesses >= this.#witnesses_min && workspacesOf(failures) * 2 >= workspacesOf(outcomes),
      own: own * 2 >= RECENT && own * 2 >= all,
    };
  }

  /** It closed: what comes when it opens again is counted from the start. */
  forget(model: string, workspace?: WorkspaceId): void {
    const rest = workspace === undefined ? [] : this.#models.get(model)?.filter((one) => one.workspace !== workspace);
    if (rest === undefined || rest.length === 0) this.#models.delete(model);
    else this.#models.set(model, rest);
  }

  #note(outcomes: Outcome[], outcome: Outcome): void {
    outcomes.push(outcome);
    while (outcomes.length > RECENT || (outcomes[0] !== undefined && outcome.at_ms - outcomes[0].at_ms >= RECENT_MS))
      outcomes.shift();
  }
}

function workspacesOf(outcomes: readonly Outcome[]): number {
  return new Set(outcomes.map(({ workspace }) => workspace)).size;
}
