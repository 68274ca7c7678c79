/** Where sessions and waiting links are kept: bytes under a 32-byte name, until they expire. */
export interface EntryStore {
  get(name: Buffer): Promise<Buffer | undefined>;
  /** Of any number that ask at once, one gets it. */
  take(name: Buffer): Promise<Buffer | undefined>;
  /** Puts nothing where something was ended. `about`: whom the entry is about, as 32-byte names. */
  put(name: Buffer, entry: Buffer, lifetime_ms: number, about?: readonly Buffer[]): Promise<void>;
  /** Puts nothing where nothing is (any more): what was ended meanwhile stays ended. */
  replace(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void>;
  remove(name: Buffer): Promise<void>;
  /** Removes it for good: a `put` that is under way, or comes late, does not bring it back. */
  end(name: Buffer): Promise<void>;
  /** Ends every entry about this. */
  endAbout(about: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** An entry as it was read, with its end by our clock. */
export interface FoundEntry {
  readonly sealed: Buffer;
  readonly expires_ms: number;
}
