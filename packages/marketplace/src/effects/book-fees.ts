import type { WorkspaceId } from '@purser/core';
import { transaction } from '@purser/database';
import { lockGrants } from '@purser/meters';
import { convertCost, currency, findRate, type Money } from '@purser/money';
import { lockTerms } from '@purser/terms';

import { bookSale } from './book.ts';
import type { EffectParts } from './parts.ts';
import { purchaseOf, saleOf } from './purchase.ts';
import { amountsOf } from './settle-purchase.ts';
import { settleTerms } from './settle-terms.ts';

/** Books what the provider took of a purchase. It may pay out in another currency than the buyer paid in: then the fee counts at the catalog's rate, buffer included. */
export async function bookPurchaseFee(
  { pool, clock, catalog }: EffectParts,
  { payment, workspace, fee }: { readonly payment: string; readonly workspace: WorkspaceId; readonly fee: Money },
): Promise<boolean> {
  const now = clock.now();
  return transaction(pool, async (connection) => {
    await lockGrants(connection, now, workspace, []);
    const purchase = await purchaseOf(connection, { payment });
    if (purchase === undefined) return false;
    const paid_in = currency(purchase.currency);
    if (findRate(catalog.fx, fee.currency, paid_in) === undefined) return false;
    const fees = convertCost(fee, paid_in, catalog.fx).nanos;
    await bookSale(connection, now, saleOf(purchase), amountsOf(purchase), amountsOf({ ...purchase, fees }));
    await connection.query('update marketplace.purchase set fees = $2, fees_known = true where checkout_id = $1', [
      purchase.checkout,
      fees,
    ]);
    return true;
  });
}

/** Books what the provider took of an invoice, in nano-units of its currency. */
export async function bookInvoiceFees(
  parts: EffectParts,
  { invoice, workspace, fees }: { readonly invoice: string; readonly workspace: WorkspaceId; readonly fees: bigint },
): Promise<void> {
  await transaction(parts.pool, async (connection) => {
    await lockTerms(connection, workspace);
    await connection.query('update marketplace.invoice set fees = $2 where invoice_id = $1', [invoice, fees]);
    await settleTerms(connection, parts.clock.now(), parts, workspace);
  });
}
