import { refuse, RefusalError } from '@purser/core';
import { type Money, parseMoney, toWire } from '@purser/money';

import type { Amount } from './types.ts';

/** @throws RefusalError that names the option */
export function readAmount(amount: Amount, option: string): Money {
  try {
    const money = parseMoney(amount.amount, amount.currency);
    if (money.nanos >= 0n) return money;
  } catch {
    // Told below, as what is below zero is.
  }
  const got = JSON.stringify(amount)?.slice(0, 100);
  throw new RefusalError(
    refuse('invalid_request', `${option}: want { amount: '0.25', currency: 'USD' }, a decimal of zero or more; got ${got}`),
  );
}

export function writeAmount(money: Money): Amount {
  return toWire(money);
}
