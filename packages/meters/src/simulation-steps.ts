import fc from 'fast-check';

import type { GrantSource } from './credits.ts';
import type { EndRequest } from './hold.ts';

/* What can happen in the simulation, and how often. */

/** One caller's wish; places are taken modulo what there is, so every sequence means something. */
export interface WishHold {
  readonly workspace: number;
  readonly credits: number;
  readonly cost: number;
  /** What the call may come to beyond its cost. */
  readonly exposure: number;
  readonly tokens: number;
  readonly ttl_s: number;
  readonly key: number | null;
  readonly hash: number;
}
export interface WishEnd {
  readonly hold: number;
  readonly kind: EndRequest['kind'];
  /** Per cent of what was held: above 100 is an overrun. */
  readonly percent: number;
}
export interface Wishes {
  readonly ends: readonly WishEnd[];
  readonly holds: readonly WishHold[];
}
export type Step =
  | { readonly do: 'batch'; readonly process: number; readonly wishes: Wishes }
  | { readonly do: 'race'; readonly wishes: readonly [Wishes, Wishes] }
  | {
      readonly do: 'grant';
      readonly workspace: number;
      readonly source: GrantSource;
      readonly credits: number;
      readonly ttl_s: number | null;
    }
  | { readonly do: 'grant again'; readonly grant: number }
  | {
      readonly do: 'cap';
      readonly workspace: number;
      readonly meter: 'cost' | 'tokens' | 'concurrency' | 'pool';
      readonly cap: number;
    }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'sweep'; readonly process: number };

const hold: fc.Arbitrary<WishHold> = fc.record({
  workspace: fc.nat(1),
  credits: fc.nat(12),
  cost: fc.nat(60),
  exposure: fc.nat(90),
  tokens: fc.nat(40),
  ttl_s: fc.integer({ min: 1, max: 120 }),
  key: fc.option(fc.nat(2), { nil: null, freq: 3 }),
  hash: fc.nat(1),
});
const end: fc.Arbitrary<WishEnd> = fc.record({
  hold: fc.nat(30),
  kind: fc.constantFrom('settle', 'settle', 'settle', 'void', 'unresolved'),
  percent: fc.oneof(fc.nat(100), fc.constantFrom(0, 100, 130, 400)),
});
const wishes: fc.Arbitrary<Wishes> = fc.record({
  ends: fc.array(end, { maxLength: 3 }),
  holds: fc.array(hold, { maxLength: 5 }),
});
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('batch' as const), process: fc.nat(1), wishes }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('race' as const), wishes: fc.tuple(wishes, wishes) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('grant' as const),
      workspace: fc.nat(1),
      source: fc.constantFrom('monthly' as const, 'gift' as const, 'purchased' as const),
      credits: fc.integer({ min: 1, max: 30 }),
      ttl_s: fc.option(fc.integer({ min: 1, max: 300 }), { nil: null, freq: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('grant again' as const), grant: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('cap' as const),
      workspace: fc.nat(1),
      meter: fc.constantFrom('cost' as const, 'tokens' as const, 'concurrency' as const, 'pool' as const),
      cap: fc.oneof(fc.nat(5), fc.nat(400)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      seconds: fc.oneof({ weight: 4, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.integer({ min: 60, max: 4000 }) }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sweep' as const), process: fc.nat(1) }) },
);

/** Credits of every kind to begin with, or most holds would be refused for want of them. */
export const START: readonly Step[] = [0, 1].flatMap((workspace) => [
  { do: 'grant', workspace, source: 'purchased', credits: 15, ttl_s: null },
  { do: 'grant', workspace, source: 'gift', credits: 9, ttl_s: null },
  { do: 'grant', workspace, source: 'monthly', credits: 20, ttl_s: 90 },
  { do: 'grant', workspace, source: 'purchased', credits: 11, ttl_s: 60 },
]);
