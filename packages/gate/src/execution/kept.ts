import { type Currency, money, type Money } from '@purser/money';

import type { Called, Spent } from '../gate.ts';
import type { Task } from '../tasks/task.ts';

/** What is larger than this is not kept for an idempotency key; see `replayOf` for what a repeated request is told. */
const KEPT_BYTES_MAX = 4_000_000;

/** An answer as it is kept. `''` when it is too large. */
export function keep(value: unknown): string {
  return bounded(textOf(value));
}

function bounded(text: string): string {
  return text.length > KEPT_BYTES_MAX ? '' : text;
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}

/** What an idempotency key kept: the answer as it was before its settle, and the balance that the settle left, written in one transaction. */
export interface Kept {
  readonly text: string;
  readonly balance: bigint;
}

/** `at`: when its call began. */
export function keptFrom(task: Task, { result, ...called }: Spent<unknown>, at: Temporal.Instant): string {
  const kept = task.keep(result);
  if (kept === undefined) return '';
  // What a task keeps is JSON already: to look at each of a million numbers would hold up everybody else for a second.
  return bounded(`{"answer":${textOf(called)},"result":${JSON.stringify(kept)},"at":"${at.toString()}"}`);
}

/** When the call of a kept answer began. */
export function beganAt({ text }: Kept): Temporal.Instant {
  return Temporal.Instant.from((JSON.parse(text) as { at: string }).at);
}

/** The answer again, marked as replayed. */
export function spentFromKept<Result>(task: Task, { text, balance }: Kept): Spent<Result> {
  const { answer, result } = JSON.parse(text) as { answer: KeptCalled; result: unknown };
  return {
    ...answer,
    cost: keptMoney(answer.cost),
    credits: { charged: keptBigint(answer.credits.charged), balance },
    replayed: true,
    result: task.restore(result) as Result,
  };
}

type KeptCalled = Omit<Called, 'cost' | 'credits'> & { readonly cost: KeptMoney; readonly credits: { readonly charged: string } };

export interface KeptMoney {
  readonly nanos: string;
  readonly currency: Currency;
}

export function keptMoney({ nanos, currency }: KeptMoney): Money {
  return money(keptBigint(nanos), currency);
}

export function keptBigint(text: string): bigint {
  return BigInt(text.slice(0, -1));
}
