import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { assert } from '@purser/base';
import type { Redis } from 'ioredis';

import type { RateRequest, RateRule } from './rate.ts';
import { costOf, horizonUs, keyOf, SKEW_US_MAX, slotLength, SLOTS, type Wait } from './sliding.ts';

const SCRIPT = readFileSync(new URL('sliding.lua', import.meta.url), 'utf8');
const SCRIPT_SHA1 = createHash('sha1').update(SCRIPT).digest('hex');
/** Redis does nothing else meanwhile: half a millisecond or so. */
const BATCH_MAX = 128;
const WAITING_MAX = 20_000;
const TTL_SLACK_MS = 60_000 + SKEW_US_MAX / 1_000;

interface Asked {
  readonly request: RateRequest;
  readonly resolve: (wait: Wait | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks Redis for decisions, many in one call of the script: what comes while one call is under way goes into the next.
 * They are decided in the order in which they came.
 */
export class RateScript {
  readonly #redis: Redis;
  readonly #prefix: string;
  #waiting: Asked[] = [];
  #busy = false;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** The longest wait, or undefined when the call was admitted and counted. */
  ask(request: RateRequest): Promise<Wait | undefined> {
    if (this.#waiting.length >= WAITING_MAX) return Promise.reject(new Error('too many decisions are waiting for Redis'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      // What else arrives in this turn of the event loop goes along.
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH_MAX);
      this.#waiting = this.#waiting.slice(BATCH_MAX);
      try {
        const answer = await this.#run(batch.map(({ request }) => request));
        for (const [index, { request, resolve }] of batch.entries())
          resolve(waitIn(answer.slice(index * 3, index * 3 + 3), request));
      } catch (error) {
        // Those behind would wait as long for the same.
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
      }
    }
    this.#busy = false;
  }

  async #run(requests: readonly RateRequest[]): Promise<number[]> {
    const keys: string[] = [];
    const values: (string | number)[] = [SLOTS, SKEW_US_MAX, requests.length];
    for (const { scope, subjects, now } of requests) {
      values.push(now.epochMilliseconds * 1_000, subjects.length);
      for (const subject of subjects) {
        const key = `${this.#prefix}${scope}:${subject.name}`;
        const { ttl_ms, text } = written(subject.rules);
        keys.push(key, `${key}:ring`);
        values.push(ttl_ms, text);
      }
    }
    try {
      return (await this.#redis.evalsha(SCRIPT_SHA1, keys.length, ...keys, ...values)) as number[];
    } catch (error) {
      // A Redis that was restarted has forgotten the script.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return (await this.#redis.eval(SCRIPT, keys.length, ...keys, ...values)) as number[];
    }
  }
}

function waitIn([us = 0, subjectNumber = 0, ruleNumber = 0]: readonly number[], request: RateRequest): Wait | undefined {
  if (us === 0) return undefined;
  const subject = request.subjects[subjectNumber - 1];
  const rule = subject?.rules[ruleNumber - 1];
  assert(subject && rule, 'the script blames a rule it was given');
  return { us, subject, rule };
}

interface Written {
  readonly text: string;
  readonly ttl_ms: number;
}

/** A plan's rules are the same objects at every call, so they are written out once. */
const writings = new WeakMap<readonly RateRule[], Written>();

function written(rules: readonly RateRule[]): Written {
  let writing = writings.get(rules);
  if (writing === undefined) {
    writing = {
      text: JSON.stringify(
        rules.map((rule) =>
          rule.kind === 'bucket'
            ? ['b', keyOf(rule), rule.count, costOf(rule), rule.burst]
            : ['w', keyOf(rule), rule.count_max, slotLength(rule)],
        ),
      ),
      ttl_ms: Math.ceil(horizonUs(rules) / 1_000) + TTL_SLACK_MS,
    };
    writings.set(rules, writing);
  }
  return writing;
}
