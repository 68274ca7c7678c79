import { type Refusal, refuse } from '@purser/core';

import type { Head } from './block.ts';

const HEAD = /^(\d{1,18}):([0-9a-f]{64})$/;

/** `12:9f86…`: a head as people and programs keep it. */
export function formatHead({ seq, digest }: Head): string {
  return `${seq}:${digest}`;
}

/** Refuses what `formatHead` cannot have written as `invalid_request`. */
export function parseHead(text: string): Head | Refusal {
  const match = HEAD.exec(text.trim());
  const [, seq, digest] = match ?? [];
  if (seq === undefined || digest === undefined) {
    return refuse(
      'invalid_request',
      `'${text.slice(0, 80)}' is not a head of the audit log; want <block>:<64 hexadecimal digits>`,
    );
  }
  return { seq: BigInt(seq), digest };
}
