import type { Refusal, TestClock, WorkspaceId } from '@purser/core';
import type { Catalog } from '@purser/catalog';
import type { Answer, GenerateRequest } from '@purser/gate';
import type { MarginLine } from '@purser/ledger';

/** Who asks: opened once, named in every call after. */
export interface Account {
  readonly workspace: WorkspaceId;
  readonly key: string;
}

export interface Opening {
  readonly name: string;
  readonly plan: string;
  readonly timezone: string;
  readonly anchored_at: Temporal.Instant;
}

export interface Payment {
  readonly id: string;
  readonly account: Account;
  readonly kind: 'failed' | 'paid';
  readonly at: Temporal.Instant;
  /** The invoice it is about: the failed and the late one name the same. */
  readonly reference: string;
}

/** The system under simulation: the real one, reached as its users reach it but for the wire. */
export interface Engine {
  readonly clock: TestClock;
  readonly catalog: Catalog;
  /** In the order wanted. */
  open(wanted: readonly Opening[]): Promise<Account[]>;
  call(account: Account, request: GenerateRequest): Promise<Answer | Refusal>;
  /** At most one of each account. Whose license changed by it is known to be so before this returns. */
  pay(payments: readonly Payment[]): Promise<void>;
  buy(account: Account, pack: string): Promise<void>;
  /** What is due at this time though nobody asks: holds, grants, licenses and billing periods. */
  housekeep(): Promise<void>;
  /** Looks at the ladders of those who have spent. */
  look(): Promise<void>;
  /** What need not happen more often than daily: sums and debts. */
  endDay(): Promise<void>;
  margins(from: Temporal.Instant, to: Temporal.Instant, by: 'plan' | 'workspace'): Promise<MarginLine[]>;
  /** What the books and the trail say against themselves; empty when all is well. */
  verify(): Promise<string[]>;
}
