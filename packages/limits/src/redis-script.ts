import { createHash, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { assert, inBackground } from '@purser/core';
import type { Redis } from 'ioredis';

import { SKEW_MS_MAX } from './failures.ts';
import type { BlockRule, FailureRequest, RateRequest, RateRule, RateSubject } from './rate.ts';
import { costOf, horizonUs, keyOf, SKEW_US_MAX, slotLength, SLOTS, type Wait } from './sliding.ts';

/** Redis does nothing else meanwhile: half a millisecond or so. */
const BATCH_MAX = 128;
/** So that Redis decides one batch while this process reads the last and writes the next. */
const UNDER_WAY_MAX = 2;
const WAITING_MAX = 20_000;

/** What Redis said of one call. */
export interface Ruling {
  /** The longest wait, or undefined when the call was admitted and counted. */
  readonly wait: Wait | undefined;
  /** The calls that count now, for each window of each subject in turn. */
  readonly sums: readonly number[];
}

interface Asked {
  readonly request: RateRequest;
  readonly resolve: (ruling: Ruling) => void;
  readonly reject: (error: unknown) => void;
}

/** A script that is sent once and then named. */
class Script {
  readonly #text: string;
  readonly #sha1: string;

  constructor(file: string) {
    this.#text = readFileSync(new URL(file, import.meta.url), 'utf8');
    this.#sha1 = createHash('sha1').update(this.#text).digest('hex');
  }

  async run(redis: Redis, keys: readonly string[], values: readonly (string | number)[]): Promise<number[]> {
    try {
      return (await redis.evalsha(this.#sha1, keys.length, ...keys, ...values)) as number[];
    } catch (error) {
      // A Redis that was restarted has forgotten the script.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return (await redis.eval(this.#text, keys.length, ...keys, ...values)) as number[];
    }
  }
}

const SLIDING = new Script('sliding.lua');
const FAILURE = new Script('failure.lua');

/**
 * Asks Redis for decisions, many in one call of the script: what comes while two calls are under way goes into the next.
 * They are decided in the order in which they came.
 */
export class RateScript {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #onForgotten: () => void;
  /** When the Redis that answered last began to count. */
  #epoch: number | undefined;
  #waiting: Asked[] = [];
  #under_way = 0;

  /** `onForgotten` hears, before the rulings that say so, that Redis no longer knows what it counted. */
  constructor(redis: Redis, prefix: string, onForgotten: () => void) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#onForgotten = onForgotten;
  }

  /** Runs the script without a decision. @throws as Redis does when it may not, or cannot, be run there. */
  async try(): Promise<void> {
    this.#epoch = (await this.#run([])).at(-1);
  }

  ask(request: RateRequest): Promise<Ruling> {
    if (this.#waiting.length >= WAITING_MAX) return Promise.reject(new Error('too many decisions are waiting for Redis'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (this.#under_way === UNDER_WAY_MAX) return;
      this.#under_way += 1;
      // What else is asked in the same breath goes along; a lone caller waits for nobody.
      queueMicrotask(() => inBackground(this.#drain(), reject));
    });
  }

  /** Counts a failure. For how long (ms) the subject was kept out already, and for how long it is now. */
  async fail({ scope, subject, now }: FailureRequest): Promise<{ readonly was_ms: number; readonly is_ms: number }> {
    const { failures_max, span_ms, block_ms } = subject.block;
    const key = `${this.#prefix}failed:${nameOf(scope, subject)}`;
    const [was_ms = 0, is_ms = 0] = await FAILURE.run(
      this.#redis,
      [key],
      [now.epochMilliseconds, SKEW_MS_MAX, failures_max, span_ms, block_ms],
    );
    return { was_ms, is_ms };
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH_MAX);
      this.#waiting = this.#waiting.slice(BATCH_MAX);
      try {
        const answer = await this.#run(batch);
        this.#note(answer.at(-1));
        let at = 0;
        for (const { request, resolve } of batch) {
          const ruling = rulingIn(answer, at, request);
          at += 3 + ruling.sums.length;
          resolve(ruling);
        }
      } catch (error) {
        // Those behind would wait as long for the same.
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
      }
    }
    this.#under_way -= 1;
  }

  #note(epoch: number | undefined): void {
    const known = this.#epoch;
    this.#epoch = epoch;
    if (known !== undefined && known !== epoch) this.#onForgotten();
  }

  #run(batch: readonly Asked[]): Promise<number[]> {
    const sets = new Map<Written, number>();
    const calls: (string | number)[] = [];
    for (const { request } of batch) {
      calls.push(request.now.epochMilliseconds * 1_000, request.subjects.length);
      for (const subject of request.subjects) {
        const set = writtenOf(subject);
        let number = sets.get(set);
        if (number === undefined) sets.set(set, (number = sets.size + 1));
        calls.push(nameOf(request.scope, subject), number);
      }
    }
    const values = [...sets.keys()].map((set) => set.values);
    return SLIDING.run(this.#redis, [], [JSON.stringify([SKEW_US_MAX, SLOTS, this.#prefix, values, calls])]);
  }
}

/** What is counted is under a hash: a subject may be named after a person, and Redis keeps, logs and copies what it is given. */
function nameOf(scope: string, subject: RateSubject): string {
  return `${scope}:${hash('sha256', `${scope} ${subject.name}`, 'base64url').slice(0, 22)}${writtenOf(subject).name}`;
}

function rulingIn(answer: readonly number[], at: number, request: RateRequest): Ruling {
  const us = answer[at] ?? 0;
  let windows = 0;
  for (const { rules } of request.subjects) for (const rule of rules) if (rule.kind === 'window') windows += 1;
  const sums = answer.slice(at + 3, at + 3 + windows);
  if (us === 0) return { wait: undefined, sums };
  const subject = request.subjects[(answer[at + 1] ?? 0) - 1];
  const number = answer[at + 2] ?? 0;
  const rule = number === 0 ? subject?.block : subject?.rules[number - 1];
  assert(subject && rule, 'the script rejects a rule it was given');
  return { wait: { us, subject, rule }, sums };
}

/** A set of rules as the script takes it. */
interface Written {
  readonly values: readonly unknown[];
  /** Goes into the name of what is counted by it: other rules count anew, other numbers of the same rules go on. */
  readonly name: string;
}

/** A plan's rules are the same objects at every call, so they are written out once. */
const writings = new WeakMap<readonly RateRule[], Map<BlockRule | undefined, Written>>();

function writtenOf({ rules, block }: RateSubject): Written {
  let byBlock = writings.get(rules);
  if (byBlock === undefined) writings.set(rules, (byBlock = new Map<BlockRule | undefined, Written>()));
  let written = byBlock.get(block);
  if (written === undefined) byBlock.set(block, (written = write(rules, block)));
  return written;
}

function write(rules: readonly RateRule[], block: BlockRule | undefined): Written {
  const numbers = (rule: RateRule): readonly unknown[] =>
    rule.kind === 'bucket' ? [false, rule.count, costOf(rule), rule.burst] : [true, rule.count_max, slotLength(rule), 0];
  // The script's form of a state: its time, then what each rule keeps.
  const form = `<d${rules.map((rule) => (rule.kind === 'bucket' ? 'd' : 'I4dI4I2')).join('')}`;
  return {
    values: [generationMs(rules), block?.block_ms ?? 0, form, rules.map(numbers)],
    name: rules.map((rule) => `/${keyOf(rule)}`).join(''),
  };
}

const GENERATION_MS_MIN = 240_000;
const GENERATION_FACTOR = 20;

/** In a few lengths, so that a batch has few hashes to ask: what counts at all was counted in this generation or in the last. */
function generationMs(rules: readonly RateRule[]): number {
  let length = GENERATION_MS_MIN;
  while (length < horizonUs(rules) / 1_000 + SKEW_MS_MAX) length *= GENERATION_FACTOR;
  return length;
}
