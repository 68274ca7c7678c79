import { type Currency, money } from '@purser/money';

import type { Answer } from './gate.ts';

/** What is larger than this is not kept for an idempotency key; see `replayOf` for what a repeated request is told. */
const KEPT_BYTES_MAX = 4_000_000;

/** Either door's answer as it is kept. `''` when it is too large. */
export function keep(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
  return text.length > KEPT_BYTES_MAX ? '' : text;
}

export function keptFrom(answer: Answer): string {
  return keep({ answer });
}

/** The answer again, marked as replayed. */
export function answerFromKept(kept: string): Answer {
  const { answer } = JSON.parse(kept) as { answer: KeptAnswer };
  return {
    ...answer,
    cost: money(big(answer.cost.nanos), answer.cost.currency),
    credits: { charged: big(answer.credits.charged), balance: big(answer.credits.balance) },
    replayed: true,
  };
}

type KeptAnswer = Omit<Answer, 'cost' | 'credits'> & {
  readonly cost: { readonly nanos: string; readonly currency: Currency };
  readonly credits: { readonly charged: string; readonly balance: string };
};

function big(text: string): bigint {
  return BigInt(text.slice(0, -1));
}
