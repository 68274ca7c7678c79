import type { Amount, Hold, Problem, Purser, Receipt, Spent } from '../types.ts';

/** Who asks, and what the route may spend for them. */
export interface GuardOptions<Request> {
  /** The id of a workspace or its `external_id`; undefined: nobody is known, and the answer is 401. */
  readonly workspace: (request: Request) => string | undefined | Promise<string | undefined>;
  /** The end user inside it. */
  readonly user?: (request: Request) => string | undefined;
  /** As the catalog names it. */
  readonly operation: string;
  /** The most that the handler may spend. */
  readonly max_cost: Amount;
  readonly counts?: Readonly<Record<string, number>>;
  /** What becomes of a handler that throws, or answers with 500 and above, without having said what it spent. Absent: `unresolved`. */
  readonly on_error?: 'unresolved' | 'void';
  /** What becomes of a handler that answers without having said what it spent. Absent: the whole `max_cost` is settled. */
  readonly unsaid?: 'max_cost' | 'void';
}

/** What a guarded handler finds on its request: the hold, and how to say what was spent. */
export interface Guarded {
  readonly transaction_id: string;
  readonly signal: AbortSignal;
  /** Said once, before the answer goes out; the books are written with it. */
  spent(spent: Spent): void;
  /** Nothing was spent. */
  nothing(): void;
}

/** A hold around one request, whatever the framework. */
export class Guard {
  readonly guarded: Guarded;
  readonly #hold: Hold;
  readonly #options: GuardOptions<never>;
  #said: Spent | 'nothing' | undefined;
  #ended: Promise<Receipt | undefined> | undefined;

  private constructor(hold: Hold, options: GuardOptions<never>) {
    this.#hold = hold;
    this.#options = options;
    const say = (said: Spent | 'nothing'): void => {
      if (this.#said !== undefined) throw new Error('what this request spent has been said already');
      this.#said = said;
    };
    const { transaction_id, signal } = hold;
    this.guarded = { transaction_id, signal, spent: say, nothing: () => say('nothing') };
  }

  /** The hold of a request, or the problem that it is answered with. */
  static async open<Request>(purser: Purser, options: GuardOptions<Request>, request: Request): Promise<Guard | Problem> {
    const workspace = await options.workspace(request);
    if (workspace === undefined) return UNAUTHENTICATED;
    const user = options.user?.(request);
    const { operation, max_cost, counts } = options;
    try {
      const hold = await purser.hold({
        workspace,
        operation,
        max_cost,
        ...(user !== undefined && { user }),
        ...(counts !== undefined && { counts }),
      });
      return new Guard(hold, options);
    } catch (error) {
      const problem = problemIn(error);
      if (problem === undefined) throw error;
      return problem;
    }
  }

  /** Ends the hold by what the handler said, once; `failed`: it threw, or its answer says that something broke. */
  end(failed: boolean): Promise<Receipt | undefined> {
    return (this.#ended ??= this.#end(failed));
  }

  async #end(failed: boolean): Promise<Receipt | undefined> {
    const { max_cost, on_error = 'unresolved', unsaid = 'max_cost' } = this.#options;
    const said = this.#said ?? (failed ? on_error : unsaid);
    switch (said) {
      case 'nothing':
      case 'void':
        await this.#hold.void();
        return undefined;
      case 'unresolved':
        await this.#hold.unresolved();
        return undefined;
      case 'max_cost':
        return this.#hold.settle({ cost: max_cost });
      default:
        return this.#hold.settle(said);
    }
  }
}

const UNAUTHENTICATED: Problem = {
  type: '/problems/unauthenticated',
  title: 'No valid key was given',
  status: 401,
  code: 'unauthenticated',
  detail: 'the workspace of this request is not known',
};

/** By its name: each entry point of the package is a bundle of its own. */
function problemIn(error: unknown): Problem | undefined {
  return error instanceof Error && error.name === 'PurserRefusal' && 'problem' in error ? (error.problem as Problem) : undefined;
}

export function isProblem(value: Guard | Problem): value is Problem {
  return 'code' in value;
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export function problemHeaders({ retry_after }: Problem): Record<string, string> {
  return { 'content-type': PROBLEM_TYPE, ...(retry_after !== undefined && { 'retry-after': `${retry_after}` }) };
}

/** What the answer says of the money. */
export function receiptHeaders(transaction_id: string, receipt: Receipt | undefined): Record<string, string> {
  return {
    'purser-transaction-id': transaction_id,
    ...(receipt && { 'purser-credits-charged': `${receipt.credits.charged}`, 'purser-cost': receipt.cost.amount }),
  };
}
