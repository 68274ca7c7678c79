/** Where sessions and waiting links are kept: bytes under a 32-byte name, until they expire. */
export interface EntryStore {
  get(name: Buffer): Promise<Buffer | undefined>;
  /** Of any number that ask at once, one gets it. */
  take(name: Buffer): Promise<Buffer | undefined>;
  put(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void>;
  /** Puts nothing where nothing is (any more): what was ended meanwhile stays ended. */
  replace(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void>;
  remove(name: Buffer): Promise<void>;
  close(): Promise<void>;
}
