import { BrokenInvariant } from '@purser/core';
import { type Currency, money, type Money } from '@purser/money';

import type { Answer, Bill } from './gate.ts';

/** What is larger than this is not kept for an idempotency key; see `replayOf` for what a repeated request is told. */
const KEPT_BYTES_MAX = 4_000_000;

/** Either door's answer as it is kept. `''` when it is too large. */
export function keep(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
  return text.length > KEPT_BYTES_MAX ? '' : text;
}

/** What an idempotency key kept: the answer as it was before its settle, and the balance that the settle left, written in one transaction. */
export interface Kept {
  readonly text: string;
  readonly balance: bigint;
}

/** `at`: when its call began. */
export function keptFrom(answer: Answer, at: Temporal.Instant): string {
  return keep({ answer, at: at.toString() });
}

/** When the call of a kept answer began. */
export function beganAt({ text }: Kept): Temporal.Instant {
  return Temporal.Instant.from((JSON.parse(text) as { at: string }).at);
}

/** The answer again, marked as replayed. */
export function answerFromKept({ text, balance }: Kept): Answer {
  const { answer } = JSON.parse(text) as { answer: KeptAnswer };
  return {
    ...answer,
    cost: costOf(answer),
    credits: { charged: big(answer.credits.charged), balance },
    replayed: true,
  };
}

type KeptAnswer = Omit<Answer, 'cost' | 'credits'> & {
  readonly cost: { readonly nanos: string; readonly currency: Currency };
  readonly credits: { readonly charged: string };
};

function costOf({ cost }: { readonly cost: KeptAnswer['cost'] }): Money {
  return money(big(cost.nanos), cost.currency);
}

/** The bytes of an answer that was passed through, with what it came to. */
export function passedFromKept({ text }: Kept): { readonly body: Buffer; readonly bill: Bill } {
  const { body, bill } = JSON.parse(text) as { body?: string; bill: KeptBill };
  if (body === undefined) throw new BrokenInvariant('an answer of the other door was kept under this request');
  return { body: Buffer.from(body, 'utf8'), bill: { ...bill, cost: costOf(bill), charged: big(bill.charged) } };
}

type KeptBill = Omit<Bill, 'cost' | 'charged'> & { readonly cost: KeptAnswer['cost']; readonly charged: string };

function big(text: string): bigint {
  return BigInt(text.slice(0, -1));
}
