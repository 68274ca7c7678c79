import { type Refusal, refuse, type WorkspaceId } from '@purser/core';

import { type CheckoutRequest, type StartedCheckout, startCheckout } from './stripe/checkout.ts';
import type { AppliedEvent } from './effects/apply-event.ts';
import { debtOf, settleDebts } from './effects/debts.ts';
import { learnInvoiceFees } from './stripe/learn-invoice-fees.ts';
import type { MarketplaceParts, OpenParts } from './stripe/parts.ts';
import { openPortal } from './stripe/portal.ts';
import { type PackSales, packSales } from './effects/purchases.ts';
import { type ReceiptSearch, receiptsOf } from './effects/receipts.ts';
import { receiveEvent } from './stripe/receive-event.ts';
import { openStripe } from './stripe/client.ts';
import { type TakeInRequest, takeIn, type TakenIn } from './stripe/take-in.ts';
import { askQuestions } from './stripe/questions.ts';
import { learnFees } from './stripe/learn-fees.ts';

/** Where workspaces buy. */
export interface Marketplace {
  /** Opens a payment page. @throws Fault when the payment service does not answer. */
  checkout(request: CheckoutRequest): Promise<StartedCheckout | Refusal>;
  /** Opens the page of a workspace's cards, invoices and subscription. */
  portal(workspace: WorkspaceId, return_url: string): Promise<{ url: string } | Refusal>;
  /** Credits spent though their money went back, which the next purchase pays. */
  debt(workspace: WorkspaceId): Promise<bigint>;
  receipts(workspace: WorkspaceId, search?: ReceiptSearch): ReturnType<typeof receiptsOf>;
  sales(span: { readonly from: Temporal.Instant; readonly to: Temporal.Instant }): Promise<PackSales[]>;
  /** What has to be done though no event comes; any number of servers may. */
  sweep(): Promise<void>;
  /** Takes in an event as it was posted: its bytes, and the header that signs them. */
  receive(body: Buffer, signature: string | undefined): Promise<AppliedEvent | Refusal>;
  /** Asks Stripe for the events since an instant and takes in what is not known. @throws Fault when it does not answer. */
  takeIn(request: TakeInRequest): Promise<TakenIn | Refusal>;
}

const OFF = refuse('not_configured', 'purchases are off here until the operator sets STRIPE_SECRET_KEY');

export function openMarketplace(parts: MarketplaceParts): Marketplace {
  let opened: Promise<OpenParts | undefined> | undefined;
  const opening = (): Promise<OpenParts | undefined> =>
    (opened ??= openStripe(parts.settings).then((stripe) => stripe && { ...parts, stripe }));
  return {
    async checkout(request) {
      const open = await opening();
      return open ? startCheckout(open, request) : OFF;
    },
    async portal(workspace, return_url) {
      const open = await opening();
      return open ? openPortal(open, workspace, return_url) : OFF;
    },
    debt: (workspace) => debtOf(parts.pool, workspace),
    receipts: (workspace, search) => receiptsOf(parts.pool, workspace, search),
    sales: (span) => packSales(parts.pool, span),
    async sweep() {
      await settleDebts(parts);
      const open = await opening();
      if (open === undefined) return;
      await askQuestions(open);
      await learnFees(open);
      await learnInvoiceFees(open);
    },
    receive: (body, signature) => receiveEvent(parts, body, signature),
    async takeIn(request) {
      const open = await opening();
      return open ? takeIn(open, request) : OFF;
    },
  };
}
