/** The providers that are spoken to by a carrier of ours, as the catalog names them. */
export const CARRIER_IDS: readonly string[] = ['ses', 'mailrelay'];

/** One message to one recipient, as it leaves. */
export interface OutgoingEmail {
  /** Ours, the same for ever: it goes into the header `X-Purser-Recipient`, by which events and a person find the message again. */
  readonly id: string;
  readonly workspace: string;
  /** `name@host`, or `Name <name@host>`. */
  readonly from: string;
  /** An address alone. */
  readonly to: string;
  readonly reply_to?: string;
  readonly subject: string;
  readonly html?: string;
  readonly text: string;
  /** Opens a page that offers to unsubscribe, and unsubscribes when it is posted to (RFC 8058). */
  readonly unsubscribe_url?: string;
}

/**
 * What came of handing a message over:
 * - `accepted`: the carrier has taken it, and bills it.
 * - `refused`: it will never be taken.
 * - `deferred`: it was not taken, and may be later.
 * - `unconfirmed`: nobody knows whether it was taken; it is not sent again.
 */
export type Handover =
  | { readonly kind: 'accepted'; readonly message_id: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'deferred'; readonly reason: string; readonly retry_after_ms?: number }
  | { readonly kind: 'unconfirmed'; readonly reason: string };

/** What brings messages to mailboxes: an account with a provider, or a mailbox of ours. */
export interface Carrier {
  /** As the catalog names it. */
  readonly provider: string;
  /** How many of `wanted` messages may be handed over now; it may wait a few seconds for the first. 0: none for now. */
  pace(wanted: number, signal: AbortSignal): Promise<number>;
  /** Never throws for what a carrier says or does; each call is one attempt, and no carrier tries again by itself. */
  deliver(email: OutgoingEmail): Promise<Handover>;
  close(): void;
}

export interface SendResult {
  readonly email: OutgoingEmail;
  readonly handover: Handover;
}

/** Under which call of the gate messages leave, and what each is held at. */
export interface Dispatch {
  readonly transaction: string;
  readonly provider: string;
  readonly cost_each: { readonly nanos: bigint; readonly currency: string };
}

/** Who is written to, and how far that has come: written down before a message leaves, and after. */
export interface SendLedger {
  /** Writes down which messages leave now, at most `count`. What it returns is handed over, and nothing else. */
  begin(count: number, dispatch: Dispatch): Promise<readonly OutgoingEmail[]>;
  note(results: readonly SendResult[], dispatch: Dispatch): Promise<void>;
}
