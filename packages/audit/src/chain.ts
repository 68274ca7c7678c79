import type { Position } from '@purser/ledger';

import { type Block, digestBlock, GENESIS, type Head, samePosition, type Source } from './block.ts';

/** The first block that is not what it was when it was sealed, and why. */
export interface Break {
  readonly seq: bigint;
  readonly reason: string;
}

/** Follows a chain of blocks from its beginning: whether each continues the one before it and is what its digest says. */
export class Chain {
  #head = GENESIS;
  readonly #sealed = new Map<Source, Position>();
  readonly #expected: Head | undefined;

  /** @param expected a head kept elsewhere, which the chain must go through. */
  constructor(expected?: Head) {
    this.#expected = expected;
  }

  get head(): Head {
    return this.#head;
  }

  /** Takes the next block, or says what is wrong with it. The rows it seals are for the caller to check. */
  append(block: Block): Break | null {
    const seq = this.#head.seq + 1n;
    if (block.seq !== seq) return { seq, reason: 'the block is missing' };
    if (block.previous !== this.#head.digest) return { seq, reason: 'it does not continue the block before it' };
    if (digestBlock(block) !== block.digest) return { seq, reason: 'it does not match its digest' };
    if (this.#expected?.seq === seq && this.#expected.digest !== block.digest) return { seq, reason: 'it is not the given head' };
    for (const { source, after, through } of block.parts) {
      if (!samePosition(after, this.#sealed.get(source) ?? null)) return { seq, reason: `its ${source} rows leave a gap` };
      this.#sealed.set(source, through);
    }
    this.#head = { seq, digest: block.digest };
    return null;
  }

  /** To be asked when no block follows. */
  end(): Break | null {
    const seq = this.#head.seq + 1n;
    return this.#expected && this.#expected.seq >= seq ? { seq, reason: 'the chain ends before the given head' } : null;
  }
}
