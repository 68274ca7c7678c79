import { RefusalError } from '@purser/core';
import { verifyPostings } from '@purser/ledger';
import { verifyMeters } from '@purser/meters';

import { fetchFor } from './fetch-for.ts';
import { generate, stream } from './generate.ts';
import { hold, holdModel, spend } from './holds.ts';
import { openParts } from './open-parts.ts';
import { refusalError } from './refusal.ts';
import type { Purser, PurserOptions, StreamedPart } from './types.ts';
import { usageOf } from './usage.ts';
import { workspacesOf } from './workspaces.ts';

const DRAIN_MS = 30_000;

/** Opens an engine in this process. @throws an error of one line when a catalog, database or setting cannot be used. */
export async function createPurser(options: PurserOptions = {}): Promise<Purser> {
  const parts = await openParts(options);
  const workspaces = workspacesOf(parts);
  let closed: Promise<void> | undefined;
  return {
    workspaces: {
      create: (wanted) => refusing(workspaces.create(wanted)),
      ensure: (wanted) => refusing(workspaces.ensure(wanted)),
      get: (name) => refusing(workspaces.get(name)),
      change: (name, change) => refusing(workspaces.change(name, change)),
    },
    generate: (asked) => refusing(generate(parts, asked)),
    stream: async (asked) => refusingParts(await refusing(stream(parts, asked))),
    hold: async (asked) => refusingEnds(await refusing((async () => hold(parts, asked))())),
    holdModel: async (asked) => refusingEnds(await refusing(holdModel(parts, asked))),
    spend: (asked, work) => refusing(spend(parts, asked, work)),
    fetchFor: (spender) => fetchFor(parts, spender),
    usage: (name) => refusing(usageOf(parts, name)),
    async verify() {
      const [meters, postings] = await Promise.all([verifyMeters(parts.pool), verifyPostings(parts.pool)]);
      return {
        balanced: meters.mismatches.length === 0 && postings.mismatches.length === 0,
        open_holds: Number(meters.open_holds),
      };
    },
    close: () => (closed ??= parts.gate.drain(DRAIN_MS).then(() => parts.closing.close())),
  };
}

/** What is refused in here is told out there by an error of the package's own. */
async function refusing<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof RefusalError ? refusalError(error.refusal) : error;
  }
}

async function* refusingParts(parts: AsyncIterable<StreamedPart>): AsyncGenerator<StreamedPart> {
  try {
    yield* parts;
  } catch (error) {
    throw error instanceof RefusalError ? refusalError(error.refusal) : error;
  }
}

interface Ends<Actual, Receipt> {
  settle(actual: Actual): Promise<Receipt>;
  void(): Promise<void>;
  unresolved(): Promise<void>;
}

function refusingEnds<Actual, Receipt, Held extends Ends<Actual, Receipt>>(held: Held & Ends<Actual, Receipt>): Held {
  return {
    ...held,
    settle: (actual: Actual) => refusing((async () => held.settle(actual))()),
    void: () => refusing(held.void()),
    unresolved: () => refusing(held.unresolved()),
  };
}
