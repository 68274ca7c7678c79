import type { Bill, Degradation, ServedCall, Spent } from '@purser/gate';
import { counter } from '@purser/http';
import { formatMoney, toWire } from '@purser/money';
import type { FastifyReply } from 'fastify';

/** What OpenAI's shape has no member for travels in headers. */
export function describeBill(reply: FastifyReply, { cost, charged }: Pick<Bill, 'cost' | 'charged'>): void {
  reply.headers({ 'purser-cost': formatMoney(cost), 'purser-credits-charged': charged.toString() });
}

/** What a call in events came to, beside its last usage: its headers had left before anybody knew. */
export function billInEvent({
  transaction_id,
  cost,
  credits,
}: Pick<Spent<unknown>, 'transaction_id' | 'cost' | 'credits'>): object {
  return { transaction_id, cost: toWire(cost), credits_charged: counter(credits.charged) };
}

/** In a stream, what it came to stands in its last usage. */
export function describeCall(reply: FastifyReply, call: ServedCall): void {
  reply.header('purser-transaction-id', call.id);
  if (call.offline) reply.header('purser-offline', 'true');
  if (call.degraded.length > 0) reply.header('purser-degraded', inHeader(call.degraded));
}

/** What was degraded and why, in the characters a header may carry. */
function inHeader(degraded: readonly Degradation[]): string {
  const text = degraded.map(({ what, why }) => `${what} (${why})`).join('; ');
  return text.replaceAll('’', "'").replace(/[^\x20-\x7e]/g, '?');
}
