import type { Refusal, TestClock } from '@purser/core';
import type { Answer, GenerateRequest } from '@purser/gate';

import type { Account, Opening } from '../engine.ts';
import type { Books } from './oracle.ts';

/** A payment page of ours that a customer went through. */
export interface OpenedCheckout {
  readonly checkout: string;
  readonly session: string;
  readonly customer: string;
}

/** The system that lives are lived upon: the real one, reached as Stripe and its users reach it but for the wire. */
export interface LivesEngine extends AsyncDisposable {
  readonly clock: TestClock;
  open(wanted: readonly Opening[]): Promise<Account[]>;
  checkout(account: Account, plan: string): Promise<OpenedCheckout | Refusal>;
  /** Puts an object where our side finds it when it asks Stripe. */
  show(object: { readonly id: string; readonly object: string }): void;
  /** Signs and delivers an event: what our side made of it. */
  deliver(body: string): Promise<string>;
  /** Returns when what was delivered before is known to whoever serves. */
  known(): Promise<void>;
  call(account: Account, request: GenerateRequest): Promise<Pick<Answer, 'usage'> | Refusal>;
  housekeep(): Promise<void>;
  /** What the books say of each workspace. */
  books(workspaces: readonly string[]): Promise<ReadonlyMap<string, Books>>;
  /** What the books and the trail say against themselves; empty when all is well. */
  verify(): Promise<string[]>;
}
