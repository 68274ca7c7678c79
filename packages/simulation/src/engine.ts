import type { Clock, Refusal, WorkspaceId } from '@purser/base';
import type { Catalogue } from '@purser/catalog';
import type { Answer, GenerateRequest } from '@purser/gate';
import type { MarginLine } from '@purser/ledger';

/** Who asks: opened once, named in every call after. */
export interface Account {
  readonly workspace: WorkspaceId;
  readonly key: string;
}

export interface Payment {
  readonly id: string;
  readonly kind: 'failed' | 'paid';
  readonly at: Temporal.Instant;
  /** The invoice it is about: the failed and the late one name the same. */
  readonly reference: string;
}

/** The system under simulation: the real one, reached as its users reach it but for the wire. */
export interface Engine {
  readonly clock: Clock & { moveTo(to: Temporal.Instant): void };
  readonly catalogue: Catalogue;
  open(wanted: { name: string; plan: string; timezone: string; anchored_at: Temporal.Instant }): Promise<Account>;
  call(account: Account, request: GenerateRequest): Promise<Answer | Refusal>;
  pay(account: Account, payment: Payment): Promise<void>;
  buy(account: Account, pack: string): Promise<void>;
  /** What happens though nobody asks: due holds, grants, licences and billing periods. */
  housekeep(): Promise<void>;
  margins(from: Temporal.Instant, to: Temporal.Instant, by: 'plan' | 'workspace'): Promise<MarginLine[]>;
  /** What the books and the trail say against themselves; empty when all is well. */
  verify(): Promise<string[]>;
}
