/**
 * What a carrier tells of a message that it has taken:
 * - `taken`: it has it, and has not said more.
 * - `delayed`: it has it, and still tries.
 * - `delivered`: the recipient's server has it.
 * - `bounced`: it will not arrive. `permanent`: nothing that is sent there will.
 * - `complained`: the recipient says that it was not wanted.
 * - `rejected`: the carrier does not send it after all.
 * - `unsubscribed`: the recipient wants no more.
 */
export type CarrierEventKind = 'taken' | 'delayed' | 'delivered' | 'bounced' | 'complained' | 'rejected' | 'unsubscribed';

export interface CarrierEvent {
  readonly kind: CarrierEventKind;
  /** As the catalog names the carrier. */
  readonly provider: string;
  /** Ours, where the event repeats it. */
  readonly recipient: string | undefined;
  /** The carrier's. */
  readonly message_id: string;
  /** Of a bounce. */
  readonly permanent: boolean;
  /** What was said, for people; null: nothing. */
  readonly reason: string | null;
}
