import { describe, expect, it } from 'vitest';

import { AnonymousLimiter } from './anonymous-limiter.ts';

describe('requests without a valid credential', () => {
  it('are refused for the rest of the minute once an address has used up its share, and no other address with it', () => {
    let elapsed_ms = 0;
    const strangers = new AnonymousLimiter(3, () => elapsed_ms);
    for (let i = 0; i < 3; i++) {
      expect(strangers.refusal('a')).toBeUndefined();
      strangers.count('a');
    }
    elapsed_ms = 20_000;
    expect(strangers.refusal('a')).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 41 });
    expect(strangers.refusal('b')).toBeUndefined();
    elapsed_ms = 61_000;
    expect(strangers.refusal('a')).toBeUndefined();
  });

  it('are counted in any minute, not in minutes of the clock: no burst at its turn', () => {
    let elapsed_ms = 0;
    const strangers = new AnonymousLimiter(10, () => elapsed_ms);
    const admitted: number[] = [];
    for (elapsed_ms = 55_000; elapsed_ms < 200_000; elapsed_ms += 500) {
      if (strangers.refusal('a')) continue;
      strangers.count('a');
      admitted.push(elapsed_ms);
    }
    for (const from of admitted) expect(admitted.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(10);
  });

  it('are counted for a whole IPv6 network: whoever has one address has 2⁶⁴', () => {
    const strangers = new AnonymousLimiter(10, () => 0);
    for (let i = 0; i < 10; i++) strangers.count(`2001:db8:1:2::${i}`);
    expect(strangers.refusal('2001:db8:1:2:ffff::1')).toMatchObject({ code: 'rate_limited' });
    expect(strangers.refusal('2001:db8:1:3::1')).toBeUndefined();
  });

  it('are remembered for a bounded number of addresses, and whoever is bounded stays so however many come', () => {
    const strangers = new AnonymousLimiter(1, () => 0);
    for (let i = 0; i < 60_000; i++) strangers.count(`address ${i}`);
    expect(strangers.refusal('address 0')).toMatchObject({ code: 'rate_limited' });
    expect(strangers.refusal('address 59999')).toBeUndefined();
  });
});
